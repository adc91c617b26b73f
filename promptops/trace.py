"""Trace: the chain from a piece of content back to the people who wrote and approved it.

A digest leads to deployments, these to a release, this to a commit, that to authors, approvals and
evidence. Every link is checked against what it hangs on and not just read, because a chain is
asked for on the day when somebody doubts it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptops.environments import Deployment, branch, require_head, tracking
from promptops.errors import (
    GitError,
    IntegrityError,
    NotFoundError,
    PromptopsError,
    UsageError,
    quote,
)
from promptops.git.blame import CommitSummary, list_touching
from promptops.git.objects import parse_commit
from promptops.git.refs import short_name
from promptops.git.signers import Trust, configured_signers, judge_signature
from promptops.integrity import (
    Texts,
    compare_frozen,
    inspect_tag,
    list_environments,
    missing_object,
    own_file,
    read_all,
    read_claims,
    read_frozen,
    read_history,
    shorten,
    versions_in,
)
from promptops.reference import SelectorKind, parse_ref, release_tag
from promptops.releases import find_yank, is_merged, list_tags, require_release, select_release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from promptops.git.objects import Identity
    from promptops.integrity import Frozen, History, Record
    from promptops.lock import Live
    from promptops.reference import Selector
    from promptops.releases import Release
    from promptops.repository import Repository
    from promptops.version import Version

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_FEWEST_DIGITS = 12
_MOST_COMMITS = 10


class LinkStatus(StrEnum):
    """What became of checking one link."""

    OK = "ok"
    BROKEN = "broken"
    ABSENT = "absent"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a chain.

    Attributes:
        name: digest, deployments, release, commit, authors, approvals or evidence.
        status: `absent` is what was never recorded, `unchecked` what this clone cannot tell.
        detail: one line that says what it is, or what is wrong with it.
        lines: more of it, in reading order.
        hint: what to do about a link that does not hold.
        facts: the same as JSON values.
    """

    name: str
    status: LinkStatus
    detail: str
    lines: tuple[str, ...] = ()
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """The chain of one version of one prompt.

    Attributes:
        asked: what was asked for.
        name: the prompt.
        version: the version.
        digest: the digest of its content; None when nothing says one.
        links: in order, from the content to the people.
    """

    asked: str
    name: str
    version: Version
    digest: str | None
    links: tuple[Link, ...]

    def first(self, status: LinkStatus) -> Link | None:
        """The first link of that status."""
        return next((link for link in self.links if link.status is status), None)

    @property
    def verdict(self) -> str:
        """What came of it, in one line: the first broken link, or that there is none."""
        broken = self.first(LinkStatus.BROKEN)
        if broken is not None:
            return f"the chain breaks at {broken.name}: {broken.detail}"
        unchecked = self.first(LinkStatus.UNCHECKED)
        if unchecked is not None:
            return f"the chain could not be followed at {unchecked.name}: {unchecked.detail}"
        absent = [link.name for link in self.links if link.status is LinkStatus.ABSENT]
        if not absent:
            return "the chain holds"
        return f"the chain holds, as far as it was recorded (not: {', '.join(absent)})"


def trace_chain(
    repository: Repository, asked: str, *, allowed_signers: Path | None = None
) -> Trace:
    """Follow `name@version`, `name@environment`, `name@range` or a digest to its origin.

    Args:
        repository: the repository; it is only read, and its remote is not asked.
        asked: a prompt ref, or a digest: `sha256:` may be left out, and all but 12 hex digits.
        allowed_signers: whose keys are known; the user's Git configuration says it when None.

    Raises:
        UsageError: it is neither, means the work tree, or begins several digests.
        NotFoundError: nothing here has that name, version or digest.
    """
    subject = _find_subject(repository, asked)
    chain = _Chain(repository, subject, allowed_signers or configured_signers(repository.git))
    return Trace(asked, subject.name, subject.version, subject.digest, chain.follow())


# What is asked for


@dataclass(frozen=True, slots=True)
class _Subject:
    """The version that is traced.

    Attributes:
        name: the prompt.
        version: the version.
        digest: the one asked for, or that of what is live, or what the tag says; None when nothing
            says any.
        environment: the environment whose content is meant, or None.
        rivals: the other releases whose tags claim the same digest.
    """

    name: str
    version: Version
    digest: str | None
    environment: str | None = None
    rivals: tuple[str, ...] = ()


def _find_subject(repository: Repository, asked: str) -> _Subject:
    found = _DIGEST.fullmatch(asked)
    if found is not None:
        return _find_digest(repository, f"sha256:{found[1]}")
    if asked.startswith("sha256:") or (len(asked) > _FEWEST_DIGITS and _HEX.fullmatch(asked)):
        raise UsageError(
            f"{quote(asked)} is not a digest",
            hint=f"a digest has 64 hex digits in lower case; the first {_FEWEST_DIGITS} are enough",
        )
    ref = parse_ref(asked)
    if ref.selector is None:
        default = repository.config.default_environment
        raise UsageError(
            f"{ref.name} names no version",
            hint=f"say which: {ref.name}@1.0.0, {ref.name}@latest or {ref.name}@{default}; "
            f"a digest needs at least {_FEWEST_DIGITS} hex digits",
        )
    return _find_selected(repository, ref.name, ref.selector)


def _find_selected(repository: Repository, name: str, selector: Selector) -> _Subject:
    if selector.kind is SelectorKind.WORKING:
        raise UsageError(
            "the work tree has no chain yet",
            hint=f"promptops release {name} begins one; promptops blame {name} says who wrote it",
        )
    if selector.kind is SelectorKind.ENVIRONMENT:
        return _find_live(repository, name, selector.text)
    if selector.kind is SelectorKind.VERSION and selector.version is not None:
        return _find_version(repository, name, selector.version)
    release = select_release(repository, name, selector)
    return _Subject(name, release.version, release.digest)


def _find_live(repository: Repository, name: str, environment: str) -> _Subject:
    entry = require_head(repository, environment).state.require(name, environment)
    if len(entry.live) > 1:
        raise UsageError(
            f"{name} splits its traffic in {environment}: {entry.describe()}",
            hint=f"say which one is meant, such as {name}@{entry.live[-1].version}",
        )
    return _Subject(name, entry.live[0].version, entry.live[0].digest, environment)


def _find_version(repository: Repository, name: str, version: Version) -> _Subject:
    found = repository.objects.read(release_tag(name, version))
    release = None if found is None else inspect_tag(name, version, found)[0]
    if release is not None:
        return _Subject(name, version, release.digest)
    # The tag is gone or says nothing, but what was live is still known.
    for environment, one, live in _ever_live(repository):
        if (one, live.version) == (name, version):
            return _Subject(name, version, live.digest, environment)
    if found is None:
        require_release(repository, name, version)
    return _Subject(name, version, None)


def _find_digest(repository: Repository, prefix: str) -> _Subject:
    """The version whose digest begins like that, by tags and by what is or was live."""
    claims = {
        (release.digest, release.name, release.version): None
        for release in _releases_with(repository, prefix)
    }
    everywhere = not claims
    for _, name, live in _ever_live(repository, only_now=not everywhere):
        if live.digest.startswith(prefix):
            claims.setdefault((live.digest, name, live.version))
            if everywhere:
                break
    if not claims:
        raise NotFoundError(
            f"no release and no deployment here has the digest {prefix}",
            hint="a digest of the work tree was never released; else git fetch --tags, then again",
        )
    digests = sorted({digest for digest, _, _ in claims})
    if len(digests) > 1:
        raise UsageError(
            f"{prefix} begins {len(digests)} digests: {', '.join(map(shorten, digests[:3]))}",
            hint="give more of its hex digits",
        )
    (digest, name, version), *others = claims
    rivals = tuple(f"{name}@{version}" for _, name, version in others)
    return _Subject(name, version, digest, rivals=rivals)


def _releases_with(repository: Repository, prefix: str) -> Iterator[Release]:
    """The releases whose tag says a digest that begins like that."""
    tags = list_tags(repository)
    needle = f"\nPrompt-Digest: {prefix}".encode()
    for key, found in zip(tags, read_all(repository, list(tags.values())), strict=True):
        if found is not None and needle in found.data:
            release, _ = inspect_tag(*key, found)
            if release is not None and release.digest.startswith(prefix):
                yield release


def _ever_live(
    repository: Repository, *, only_now: bool = False
) -> Iterator[tuple[str, str, Live]]:
    """What is and was live: environment, prompt, version; as far as locks can be read."""
    texts = Texts(repository)
    for environment in list_environments(repository):
        try:
            history = _read_history(repository, environment)
        except PromptopsError:
            continue  # the link of the deployments will say so
        records = history.records[::-1] if history else ()
        for record in records[:1] if only_now else records:
            try:
                entries = texts.state(record).entries
            except PromptopsError:
                continue
            for name, entry in entries.items():
                for live in entry.live:
                    yield environment, name, live


def _read_history(repository: Repository, environment: str) -> History | None:
    """An environment's history: the one readers take, else what waits to be pushed."""
    history = read_history(repository, environment, tracking(repository, environment))
    return history or read_history(repository, environment, branch(environment))


# The chain


@dataclass(frozen=True, slots=True)
class _Period:
    """One time in which the version was live: from a deployment to another, or until now."""

    start: Deployment
    end: Deployment | None = None

    @property
    def lines(self) -> Iterator[str]:
        """What began and ended it."""
        yield f"{self.start.environment}: {_describe_deployment(self.start)}"
        if self.end is not None:
            yield f"until {_describe_deployment(self.end)}"


def _describe_deployment(one: Deployment) -> str:
    reason = f": {one.reason}" if one.reason else ""
    when = format_minute(one.author.time_seconds)
    return f"deployment {one.number}, {one.action} by {one.author.name}, {when}{reason}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one deployment recorded of the version.

    Attributes:
        place: `production 12`.
        live: what its lock says.
        folder: the tree with the texts, or None when they are missing.
        tag: the tag object that it deployed, or None when it does not say.
    """

    place: str
    live: Live
    folder: str | None
    tag: str | None


@dataclass(slots=True)
class _Chain:
    """One chain being followed: the subject, and what the links so far brought up."""

    repository: Repository
    subject: _Subject
    signers: Path | None
    texts: Texts = field(init=False)
    release: Release | None = None
    release_fault: PromptopsError | None = None
    frozen: Frozen | None = None
    frozen_fault: PromptopsError | None = None
    periods: list[_Period] = field(default_factory=list)
    seen: list[_Seen] = field(default_factory=list)
    problems: list[PromptopsError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts = Texts(self.repository)

    def follow(self) -> tuple[Link, ...]:
        """All links, in order."""
        self._read_release()
        for environment in list_environments(self.repository):
            self._read_environment(environment)
        self._read_commit()
        return (
            self._digest_link(),
            self._deployments_link(),
            self._release_link(),
            self._commit_link(),
            self._authors_link(),
            self._recorded_link("approvals", ("Prompt-Approved-By", "Prompt-Gate")),
            self._recorded_link("evidence", ("Prompt-Evals",)),
        )

    # Reading

    def _read_release(self) -> None:
        name, version = self.subject.name, self.subject.version
        found = self.repository.objects.read(release_tag(name, version))
        if found is not None:
            self.release, self.release_fault = inspect_tag(name, version, found)
            return
        tag = short_name(release_tag(name, version))
        remote = self.repository.remote
        if remote is not None and not list_tags(self.repository):
            self.release_fault = GitError(
                "this clone has no release tags", hint=f"git fetch {remote} --tags gets them"
            )
        else:
            where = remote or "another clone"
            self.release_fault = IntegrityError(
                f"the tag {tag} is gone", hint=f"look whether {where} still has it: git fetch"
            )

    def _read_environment(self, environment: str) -> None:
        try:
            history = _read_history(self.repository, environment)
        except PromptopsError as error:
            self.problems.append(error)
            return
        if history is None:
            return
        start: Deployment | None = None
        before: int | None = None
        for record in history.records:
            deployment = record.deployment
            if deployment is None:
                self.problems.append(record.fault or IntegrityError(f"{record.label} is none"))
                before = None
                continue
            if before is not None and deployment.number != before + 1:
                self._distrust(f"deployment {deployment.number} of {environment} follows {before}")
            before = deployment.number
            start = self._read_deployment(record, deployment, start)
        if start is not None:
            self.periods.append(_Period(start))
        self._read_tip(history, is_live=start is not None)

    def _distrust(self, message: str) -> None:
        self.problems.append(
            IntegrityError(message, hint="the branch was edited by hand; see promptops verify")
        )

    def _read_deployment(
        self, record: Record, deployment: Deployment, start: Deployment | None
    ) -> Deployment | None:
        """Take note of one deployment; `start` is where the version went live, if it is."""
        for claim in read_claims(deployment):
            if claim.name != self.subject.name:
                continue
            is_live = self.subject.version in versions_in(claim.after)
            if is_live:
                self._read_texts(record, claim.release_tag if start is None else None)
            elif start is not None:
                self.periods.append(_Period(start, deployment))
            return (start or deployment) if is_live else None
        return start

    def _read_texts(self, record: Record, tag: str | None) -> None:
        """Hold a deployment's lock and texts to each other."""
        place = f"{record.label} of {record.deployment.environment if record.deployment else ''}"
        try:
            live = self._locked(record)
            folders = self.texts.folders(record.commit.tree).releases
        except PromptopsError as error:
            self.problems.append(type(error)(f"{place}: {error.message}", hint=error.hint))
            return
        if live is None:
            self._distrust(f"{place} says that {self._label} is live, but its lock does not")
            return
        folder = folders.get(self._label)
        self.seen.append(_Seen(place, live, folder, tag))
        try:
            digest = None if folder is None else self.texts.digest(folder)
        except PromptopsError as error:
            self.problems.append(error)
            return
        if digest is None:
            self._distrust(f"{place} has {self._label} live without its texts")
        elif digest != live.digest:
            self._distrust(
                f"{place} holds texts of {shorten(digest)}, its lock says {shorten(live.digest)}"
            )

    @property
    def _label(self) -> str:
        return f"{self.subject.name}@{self.subject.version}"

    def _locked(self, record: Record) -> Live | None:
        entry = self.texts.state(record).entries.get(self.subject.name)
        lives = entry.live if entry else ()
        return next((live for live in lives if live.version == self.subject.version), None)

    def _read_tip(self, history: History, *, is_live: bool) -> None:
        """Hold what the newest lock says to what all deployments together say."""
        try:
            live = self._locked(history.tip)
        except PromptopsError as error:
            self.problems.append(
                type(error)(f"{history.environment}: {error.message}", hint=error.hint)
            )
            return
        if live is not None and not is_live and history.cut is None:
            self._distrust(
                f"the lock of {history.environment} has {self._label} live, "
                "but no deployment says so"
            )
        elif live is None and is_live:
            self._distrust(
                f"{self._label} should be live in {history.environment}, "
                "but its lock does not have it"
            )
        if live is not None and self._is_news(history.tip, live):
            self._read_texts(history.tip, None)

    def _is_news(self, tip: Record, live: Live) -> bool:
        place = f"{tip.label} of"
        return not any(seen.place.startswith(place) and seen.live == live for seen in self.seen)

    def _read_commit(self) -> None:
        commit, folder = self._where_released()
        if commit is None:
            return
        name = self.subject.name
        try:
            file = self.repository.objects.read(own_file(name, commit, folder))
            data = file.data if file else None
            self.frozen = read_frozen(self.repository, name, commit, folder, data)
        except PromptopsError as error:
            self.frozen_fault = error

    def _where_released(self) -> tuple[str | None, str]:
        """The released commit and the prompts folder there; by a lock when there is no tag."""
        if self.release is not None:
            return self.release.commit, self.release.folder
        return (self.seen[-1].live.commit if self.seen else None), self.repository.config.prompts

    # Links

    def _digest_link(self) -> Link:
        digest = self.subject.digest
        if digest is None:
            return Link("digest", LinkStatus.ABSENT, "neither a tag nor an environment says one")
        facts = {"digest": digest}
        if self.subject.rivals:
            rivals = " and ".join([self._label, *self.subject.rivals])
            return Link(
                "digest",
                LinkStatus.BROKEN,
                f"{rivals} claim the same digest, and content has one version",
                hint="one of the tags was written by hand; see promptops verify",
                facts=facts,
            )
        copies = list(self._copies())
        for place, found in copies:
            if found == digest:
                detail = f"{shorten(digest)}, computed again from {place}"
                return Link("digest", LinkStatus.OK, detail, facts={**facts, "copy": place})
        if isinstance(self.frozen_fault, GitError) and not copies:
            return _failed_link("digest", self.frozen_fault, facts)
        where = f"; found {shorten(copies[0][1])} in {copies[0][0]}" if copies else ""
        return Link(
            "digest",
            LinkStatus.BROKEN,
            f"no content here has {shorten(digest)}{where}",
            hint="what was frozen was altered; see promptops verify",
            facts=facts,
        )

    def _copies(self) -> Iterator[tuple[str, str]]:
        """The places that should hold the content, and the digest of what they do hold."""
        if self.frozen is not None and self.subject.environment is None:
            commit, _ = self._where_released()
            yield (
                f"{_count(len(self.frozen.paths), 'file')} at commit {(commit or '')[:12]}",
                (self.frozen.digest),
            )
        for seen in reversed(self.seen):
            of_environment = seen.place.endswith(f" of {self.subject.environment}")
            if seen.folder is not None and (self.subject.environment is None or of_environment):
                yield f"the texts in {seen.place}", self.texts.digest(seen.folder)
                if of_environment:  # what is served now, not what once was
                    return

    def _deployments_link(self) -> Link:
        now = [period for period in self.periods if period.end is None]
        facts = {"periods": [_period_to_json(period) for period in self.periods]}
        lines = tuple(line for period in self.periods for line in period.lines)
        if self.problems:
            return _failed_link("deployments", _gravest(self.problems), facts, lines)
        if now:
            places = " and ".join(one.start.environment for one in now)
            return Link("deployments", LinkStatus.OK, f"live in {places}", lines, facts=facts)
        if self.periods:
            detail = "was live, and is no longer"
            return Link("deployments", LinkStatus.OK, detail, lines, facts=facts)
        if self.seen or self.repository.git.is_shallow:
            fault = GitError(
                "this shallow clone does not have the deployment that made it live",
                hint="git fetch --unshallow gets the whole history",
            )
            return _failed_link("deployments", fault, facts)
        return Link("deployments", LinkStatus.ABSENT, "never deployed", facts=facts)

    def _release_link(self) -> Link:
        release = self.release
        if release is None:
            fault = self.release_fault or IntegrityError("there is no release")
            return _failed_link("release", fault, {"tag": None})
        facts = {
            "tag": release.tag,
            "by": _person(release.tagger),
            "time": _json_time(release.tagger.time_seconds),
            "signed": release.signature is not None,
            "yanked": find_yank(self.repository, release.name, release.version),
        }
        lines = [f"tag {short_name(release.ref)}, object {release.tag[:12]}"]
        if facts["yanked"] is not None:
            lines.append(f"yanked: {facts['yanked']}")
        moved = self._moved_tag(release)
        if moved is not None:
            return _failed_link("release", moved, facts, tuple(lines))
        try:
            signed = self._describe_signature(release.tag, "tag", release.signature)
        except PromptopsError as error:
            return _failed_link("release", error, facts, tuple(lines))
        when = format_minute(release.tagger.time_seconds)
        detail = f"{when} by {_person(release.tagger)}, {signed}"
        return Link("release", LinkStatus.OK, detail, tuple(lines), facts=facts)

    def _moved_tag(self, release: Release) -> PromptopsError | None:
        """What is wrong when the tag is another than the one that was deployed."""
        hint = "a release never changes; promptops verify says what to do"
        for seen in self.seen:
            if seen.tag not in {None, release.tag}:
                return IntegrityError(
                    f"the tag was moved: {seen.place} took {(seen.tag or '')[:12]}, "
                    f"now it is {release.tag[:12]}",
                    hint=hint,
                )
            if seen.live.digest != release.digest:
                return IntegrityError(
                    f"{seen.place} has {shorten(seen.live.digest)}, "
                    f"the tag says {shorten(release.digest)}",
                    hint=hint,
                )
            if seen.live.commit != release.commit:
                return IntegrityError(
                    f"{seen.place} has commit {seen.live.commit[:12]}, "
                    f"the tag stands on {release.commit[:12]}",
                    hint=hint,
                )
        return None

    def _describe_signature(self, oid: str, kind: str, signature: str | None) -> str:
        if signature is None:
            return "not signed"
        verdict = judge_signature(self.repository.git, oid, kind, self.signers)
        if verdict.trust is Trust.BAD:
            raise IntegrityError(
                f"the signature of the {kind} is bad: {verdict.reason}",
                hint="it was altered after it was signed; do not use it",
            )
        if verdict.trust is Trust.UNKNOWN:
            return f"signed, but {verdict.reason}"
        return f"signed by {verdict.signer}"

    def _commit_link(self) -> Link:
        commit, _ = self._where_released()
        if commit is None:
            return Link("commit", LinkStatus.ABSENT, "nothing says which commit was released")
        facts: dict[str, Any] = {"commit": commit}
        try:
            found = self.repository.objects.read(commit)
            if found is None or found.kind != "commit":
                raise missing_object(self.repository, commit)
            content = parse_commit(found.data)
            subject = content.message.partition("\n")[0]
            merged = is_merged(self.repository, commit)
            facts |= {"subject": subject, "author": _person(content.author), "merged": merged}
            if self.frozen is None:
                raise self.frozen_fault or missing_object(self.repository, commit)
            compare_frozen(
                self.frozen,
                self.subject.version,
                commit,
                self.release.digest if self.release else self.subject.digest or "",
            )
        except PromptopsError as error:
            return _failed_link("commit", error, facts)
        detail = f"{commit[:12]} by {content.author.name}, {self._describe_merged(merged)}"
        return Link("commit", LinkStatus.OK, detail, (subject,), facts=facts)

    def _describe_merged(self, merged: bool | None) -> str:  # noqa: FBT001 - the answer of is_merged
        name = self.repository.default_branch
        if merged is None or name is None:
            return "no default branch to be merged into is known here"
        remote = self.repository.remote
        where = f"{remote}/{name}" if remote else name
        return f"merged into {where}" if merged else f"not merged into {where}"

    def _authors_link(self) -> Link:
        release, frozen = self.release, self.frozen
        if release is None or frozen is None:
            commit, _ = self._where_released()
            if commit is None or frozen is None:
                return Link("authors", LinkStatus.ABSENT, "no commit to ask")
        if self.repository.git.is_shallow:
            fault = GitError(
                "history is cut off in this shallow clone",
                hint="git fetch --unshallow gets the whole history",
            )
            return _failed_link("authors", fault)
        try:
            commits = self._list_commits(frozen)
        except PromptopsError as error:
            return _failed_link("authors", error)
        since = f" since {release.base}" if release is not None and release.base else ""
        facts = {"commits": [_commit_to_json(commit) for commit in commits]}
        if not commits:
            return Link("authors", LinkStatus.ABSENT, f"no commit touched it{since}", facts=facts)
        names = list(dict.fromkeys(commit.author.name for commit in commits))
        lines = [
            f"{one.oid[:12]} {format_minute(one.author.time_seconds)[:10]} {one.author.name}: "
            f"{one.subject}"
            for one in commits[:_MOST_COMMITS]
        ]
        if len(commits) > _MOST_COMMITS:
            lines.append(f"and {len(commits) - _MOST_COMMITS} older ones")
        detail = f"{', '.join(names)}, in {_count(len(commits), 'commit')}{since}"
        return Link("authors", LinkStatus.OK, detail, tuple(lines), facts=facts)

    def _list_commits(self, frozen: Frozen) -> list[CommitSummary]:
        """The commits since the base release that touched what the prompt is made of."""
        repository, release = self.repository, self.release
        commit, folder = self._where_released()
        paths = {f"{folder}/{path}" if folder else path for path in frozen.paths}
        since = None
        if release is not None and release.base is not None:
            found = repository.objects.read(release_tag(release.name, release.base))
            base = inspect_tag(release.name, release.base, found)[0] if found else None
            if base is None:
                raise IntegrityError(
                    f"it was compared with {release.base}, whose tag is gone or is no release's",
                    hint="git fetch --tags may bring it back; see promptops verify",
                )
            since = base.commit
            file = repository.objects.read(own_file(base.name, base.commit, base.folder))
            before = read_frozen(
                repository, base.name, base.commit, base.folder, file.data if file else None
            )
            paths |= {f"{base.folder}/{path}" if base.folder else path for path in before.paths}
        return list_touching(repository.git, sorted(paths), commit or "", since)

    def _recorded_link(self, name: str, keys: tuple[str, ...]) -> Link:
        """What the release's trailers record; they are claims, which the tag carries."""
        trailers = self.release.trailers if self.release else ()
        found = [(key, value) for key, value in trailers if key in keys]
        if not found:
            return Link(name, LinkStatus.ABSENT, "none recorded")
        lines = tuple(f"{key}: {value}" for key, value in found)
        facts = {"recorded": [{"key": key, "value": value} for key, value in found]}
        detail = f"{len(found)} recorded by the release tag, not judged again"
        return Link(name, LinkStatus.OK, detail, lines, facts=facts)


def _failed_link(
    name: str,
    error: PromptopsError,
    facts: Mapping[str, Any] | None = None,
    lines: tuple[str, ...] = (),
) -> Link:
    """A link that does not hold, or of which this clone cannot tell."""
    status = LinkStatus.UNCHECKED if isinstance(error, GitError) else LinkStatus.BROKEN
    return Link(name, status, error.message, lines, error.hint, facts or {})


def _gravest(problems: list[PromptopsError]) -> PromptopsError:
    """The first that is a fault rather than a gap of this clone."""
    return next((one for one in problems if not isinstance(one, GitError)), problems[0])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def format_minute(seconds: int) -> str:
    """A Unix time as `2026-01-01 12:00 UTC`."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _json_time(seconds: int) -> str:
    """A Unix time as RFC 3339 in UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _person(identity: Identity) -> str:
    return f"{identity.name} <{identity.email}>"


def _period_to_json(period: _Period) -> dict[str, Any]:
    return {
        "environment": period.start.environment,
        "from": _deployment_to_json(period.start),
        "until": None if period.end is None else _deployment_to_json(period.end),
    }


def _deployment_to_json(one: Deployment) -> dict[str, Any]:
    return {
        "number": one.number,
        "commit": one.commit,
        "action": one.action,
        "by": _person(one.author),
        "time": _json_time(one.author.time_seconds),
        "reason": one.reason,
    }


def _commit_to_json(one: CommitSummary) -> dict[str, Any]:
    return {
        "commit": one.oid,
        "author": _person(one.author),
        "time": _json_time(one.author.time_seconds),
        "subject": one.subject,
    }
