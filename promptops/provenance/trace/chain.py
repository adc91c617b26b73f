"""Trace one version from its content to its authors, and verify every link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.delivery.attestation import read_evidence
from promptops.delivery.evidence import TRAILER, list_recorded
from promptops.delivery.release import find_yank
from promptops.delivery.releases import is_merged, list_tags
from promptops.errors import (
    GitError,
    IntegrityError,
    PromptopsError,
)
from promptops.git.blame import CommitSummary, list_touching
from promptops.git.objects import parse_commit
from promptops.git.refs import short_name
from promptops.git.signing.classification import Trust, classify_signature
from promptops.prompt.reference import release_tag
from promptops.prompt.times import format_minute, format_time
from promptops.provenance.integrity import (
    ReleasedTexts,
    compare_frozen,
    inspect_tag,
    list_environments,
    missing_object,
    own_file,
    read_claims,
    read_frozen,
    shorten,
    versions_in,
)
from promptops.provenance.trace.link import Link, LinkStatus, failed_link
from promptops.provenance.trace.subject import read_known_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.delivery.environments import Deployment
    from promptops.delivery.release import Release
    from promptops.delivery.state import Live
    from promptops.git.objects import Identity
    from promptops.provenance.integrity import Frozen, History, IntegrityRecord
    from promptops.provenance.trace.subject import TraceSubject
    from promptops.repository.repository import Repository

_MAX_COMMITS = 10


@dataclass(frozen=True, slots=True)
class _Period:
    """One period in which the version was live: from one deployment to another, or until now."""

    start: Deployment
    end: Deployment | None = None

    @property
    def lines(self) -> Iterator[str]:
        """Lines that describe the period's start and end."""
        yield f"{self.start.environment}: {_describe_deployment(self.start)}"
        if self.end is not None:
            yield f"until {_describe_deployment(self.end)}"


def _describe_deployment(one: Deployment) -> str:
    reason = f": {one.reason}" if one.reason else ""
    when = format_minute(one.author.time_seconds)
    return f"deployment {one.number}, {one.action} by {one.author.name}, {when}{reason}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """The record of one deployment about the version.

    Attributes:
        place: `deployment 12 of production`.
        live: its lock's entry.
        digest: the digest of the texts in its tree; None if unreadable.
        tag: the deployed tag object; None if not recorded.
    """

    place: str
    live: Live
    digest: str | None
    tag: str | None


@dataclass(slots=True)
class Chain:
    """Builds one chain: the subject, and the facts found so far."""

    repository: Repository
    subject: TraceSubject
    signers: Path | None
    texts: ReleasedTexts = field(init=False)
    release: Release | None = None
    release_fault: PromptopsError | None = None
    frozen: Frozen | None = None
    frozen_fault: PromptopsError | None = None
    periods: list[_Period] = field(default_factory=list)
    seen: list[_Seen] = field(default_factory=list)
    problems: list[PromptopsError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts = ReleasedTexts(self.repository)

    def follow(self) -> tuple[Link, ...]:
        """Return all links, in order."""
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
            self._recorded_link("approvals", "Prompt-Approved-By", "Prompt-Gate"),
            self._evidence_link(),
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
                f"the tag {tag} is gone", hint=f"check whether {where} still has it: git fetch"
            )

    def _read_environment(self, environment: str) -> None:
        try:
            history = read_known_history(self.repository, environment)
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
                self.problems.append(
                    record.fault or IntegrityError(f"{record.label} is not a deployment")
                )
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
        self, record: IntegrityRecord, deployment: Deployment, start: Deployment | None
    ) -> Deployment | None:
        """Record one deployment; `start` is where the version went live, if it is live."""
        for claim in read_claims(deployment):
            if claim.name != self.subject.name:
                continue
            is_live = self.subject.version in versions_in(claim.after)
            if is_live:
                self._read_texts(record, claim.release_tag if start is None else None)
                self._judge_deployment(deployment)
            elif start is not None:
                self.periods.append(_Period(start, deployment))
            return (start or deployment) if is_live else None
        return start

    def _judge_deployment(self, one: Deployment) -> None:
        """Record a signature that does not match its deployment."""
        try:
            self._describe_signature(one.commit, "commit", one.signature)
        except PromptopsError as error:
            place = f"deployment {one.number} of {one.environment}"
            self.problems.append(type(error)(f"{place}: {error.message}", hint=error.hint))

    def _read_texts(self, record: IntegrityRecord, tag: str | None) -> None:
        """Compare a deployment's lock with its texts."""
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
        try:
            digest = None if folder is None else self.texts.digest(folder)
        except PromptopsError as error:
            self.problems.append(error)
            return
        self.seen.append(_Seen(place, live, digest, tag))
        if digest is None:
            self._distrust(f"{place} has {self._label} live without its texts")
        elif digest != live.digest:
            self._distrust(
                f"{place} has texts of {shorten(digest)}, its lock says {shorten(live.digest)}"
            )

    @property
    def _label(self) -> str:
        return f"{self.subject.name}@{self.subject.version}"

    def _locked(self, record: IntegrityRecord) -> Live | None:
        entry = self.texts.state(record).entries.get(self.subject.name)
        lives = entry.live if entry else ()
        return next((live for live in lives if live.version == self.subject.version), None)

    def _read_tip(self, history: History, *, is_live: bool) -> None:
        """Compare the newest lock with all deployments."""
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

    def _is_news(self, tip: IntegrityRecord, live: Live) -> bool:
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
        """Return the released commit and its prompts folder; from a lock if there is no tag."""
        if self.release is not None:
            return self.release.commit, self.release.folder
        return (self.seen[-1].live.commit if self.seen else None), self.repository.config.prompts

    # Links

    def _digest_link(self) -> Link:
        digest = self.subject.digest
        if digest is None:
            return Link("digest", LinkStatus.ABSENT, "neither a tag nor an environment records one")
        facts = {"digest": digest}
        if self.subject.rivals:
            rivals = " and ".join([self._label, *self.subject.rivals])
            return Link(
                "digest",
                LinkStatus.BROKEN,
                f"{rivals} claim the same digest, which belongs to one version",
                hint="one of the tags was written by hand; see promptops verify",
                facts=facts,
            )
        copies = list(self._copies())
        for place, found in copies:
            if found == digest:
                detail = f"{shorten(digest)}, computed again from {place}"
                return Link("digest", LinkStatus.OK, detail, facts={**facts, "copy": place})
        if isinstance(self.frozen_fault, GitError) and not copies:
            return failed_link("digest", self.frozen_fault, facts)
        where = f"; found {shorten(copies[0][1])} in {copies[0][0]}" if copies else ""
        return Link(
            "digest",
            LinkStatus.BROKEN,
            f"no content here has {shorten(digest)}{where}",
            hint="the released content was altered; see promptops verify",
            facts=facts,
        )

    def _copies(self) -> Iterator[tuple[str, str]]:
        """Yield each place that should have the traced content, and the digest of what it has."""
        if self.frozen is not None and self.subject.environment is None:
            commit, _ = self._where_released()
            yield (
                f"{_count(len(self.frozen.paths), 'file')} at commit {(commit or '')[:12]}",
                (self.frozen.digest),
            )
        for seen in reversed(self.seen):
            of_environment = seen.place.endswith(f" of {self.subject.environment}")
            if seen.digest is not None and (self.subject.environment is None or of_environment):
                yield f"the texts in {seen.place}", seen.digest
                if of_environment:  # only the newest deployment's texts are served
                    return

    def _deployments_link(self) -> Link:
        now = [period for period in self.periods if period.end is None]
        facts = {"periods": [_period_to_json(period) for period in self.periods]}
        lines = tuple(line for period in self.periods for line in period.lines)
        if self.problems:
            return failed_link("deployments", _gravest(self.problems), facts, lines)
        if now:
            places = " and ".join(one.start.environment for one in now)
            return Link("deployments", LinkStatus.OK, f"live in {places}", lines, facts=facts)
        if self.periods:
            detail = "no longer live"
            return Link("deployments", LinkStatus.OK, detail, lines, facts=facts)
        if self.seen or self.repository.git.is_shallow:
            fault = GitError(
                "this shallow clone does not have the deployment that made it live",
                hint="run git fetch --unshallow to get the whole history",
            )
            return failed_link("deployments", fault, facts)
        return Link("deployments", LinkStatus.ABSENT, "never deployed", facts=facts)

    def _release_link(self) -> Link:
        release = self.release
        if release is None:
            fault = self.release_fault or IntegrityError("there is no release")
            return failed_link("release", fault, {"tag": None})
        facts = {
            "tag": release.tag,
            "by": _person(release.tagger),
            "time": format_time(release.tagger.time_seconds),
            "signed": release.signature is not None,
            "yanked": find_yank(self.repository, release.name, release.version),
        }
        lines = [f"tag {short_name(release.ref)}, object {release.tag[:12]}"]
        if facts["yanked"] is not None:
            lines.append(f"yanked: {facts['yanked']}")
        moved = self._moved_tag(release)
        if moved is not None:
            return failed_link("release", moved, facts, tuple(lines))
        try:
            signed = self._describe_signature(release.tag, "tag", release.signature)
        except PromptopsError as error:
            return failed_link("release", error, facts, tuple(lines))
        when = format_minute(release.tagger.time_seconds)
        detail = f"{when} by {_person(release.tagger)}, {signed}"
        return Link("release", LinkStatus.OK, detail, tuple(lines), facts=facts)

    def _moved_tag(self, release: Release) -> PromptopsError | None:
        """Return the fault if the tag differs from the deployed one; None if it does not."""
        hint = "a release never changes; run promptops verify"
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
                    f"the tag points to {release.commit[:12]}",
                    hint=hint,
                )
        return None

    def _describe_signature(self, oid: str, kind: str, signature: str | None) -> str:
        if signature is None:
            return "not signed"
        verdict = classify_signature(self.repository.git, oid, kind, self.signers)
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
            return Link("commit", LinkStatus.ABSENT, "the released commit is unknown")
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
            return failed_link("commit", error, facts)
        detail = f"{commit[:12]} by {content.author.name}, {self._describe_merged(merged)}"
        return Link("commit", LinkStatus.OK, detail, (subject,), facts=facts)

    def _describe_merged(self, merged: bool | None) -> str:  # noqa: FBT001 - the answer of is_merged
        name = self.repository.default_branch
        if merged is None or name is None:
            return "the default branch is unknown here"
        remote = self.repository.remote
        where = f"{remote}/{name}" if remote else name
        return f"merged into {where}" if merged else f"not merged into {where}"

    def _authors_link(self) -> Link:
        release, frozen = self.release, self.frozen
        if release is None or frozen is None:
            commit, _ = self._where_released()
            if commit is None or frozen is None:
                return Link("authors", LinkStatus.ABSENT, "no commit to check")
        if self.repository.git.is_shallow:
            fault = GitError(
                "history is cut off in this shallow clone",
                hint="run git fetch --unshallow to get the whole history",
            )
            return failed_link("authors", fault)
        try:
            commits = self._list_commits(frozen)
        except PromptopsError as error:
            return failed_link("authors", error)
        since = f" since {release.base}" if release is not None and release.base else ""
        facts = {"commits": [_commit_to_json(commit) for commit in commits]}
        if not commits:
            return Link("authors", LinkStatus.ABSENT, f"no commit changed it{since}", facts=facts)
        names = list(dict.fromkeys(commit.author.name for commit in commits))
        lines = [
            f"{one.oid[:12]} {format_minute(one.author.time_seconds)[:10]} {one.author.name}: "
            f"{one.subject}"
            for one in commits[:_MAX_COMMITS]
        ]
        if len(commits) > _MAX_COMMITS:
            lines.append(f"and {len(commits) - _MAX_COMMITS} older ones")
        detail = f"{', '.join(names)}, in {_count(len(commits), 'commit')}{since}"
        return Link("authors", LinkStatus.OK, detail, tuple(lines), facts=facts)

    def _list_commits(self, frozen: Frozen) -> list[CommitSummary]:
        """Return the commits since the base release that touched the prompt's files."""
        repository, release = self.repository, self.release
        commit, folder = self._where_released()
        paths = {f"{folder}/{path}" if folder else path for path in frozen.paths}
        since = None
        if release is not None and release.base is not None:
            found = repository.objects.read(release_tag(release.name, release.base))
            base = inspect_tag(release.name, release.base, found)[0] if found else None
            if base is None:
                raise IntegrityError(
                    f"it was compared with {release.base}, whose tag is missing or not of a "
                    "release",
                    hint="git fetch --tags may restore it; see promptops verify",
                )
            since = base.commit
            file = repository.objects.read(own_file(base.name, base.commit, base.folder))
            before = read_frozen(
                repository, base.name, base.commit, base.folder, file.data if file else None
            )
            paths |= {f"{base.folder}/{path}" if base.folder else path for path in before.paths}
        return list_touching(repository.git, sorted(paths), commit or "", since)

    def _recorded_link(self, name: str, key: str, *beside: str) -> Link:
        """Return a link from the release's trailers, which are claims of the tag.

        The link exists only if the trailer `key` does. The trailers `beside` are shown with it.
        """
        trailers = self.release.trailers if self.release else ()
        found = [(one, value) for one, value in trailers if one == key or one in beside]
        if not found:
            return Link(name, LinkStatus.ABSENT, "none recorded")
        lines = tuple(f"{one}: {value}" for one, value in found)
        facts = {"recorded": [{"key": one, "value": value} for one, value in found]}
        if all(one != key for one, _ in found):
            detail = "none recorded, except the verdict of the gate"
            return Link(name, LinkStatus.ABSENT, detail, lines, facts=facts)
        detail = "recorded by the release tag, not checked again"
        return Link(name, LinkStatus.OK, detail, lines, facts=facts)

    def _evidence_link(self) -> Link:
        """Return the link of the eval results that the tag names, after comparing both."""
        release = self.release
        recorded = [] if release is None else list_recorded(release.trailers)
        if release is None or all(one.oid is None for one in recorded):
            return self._recorded_link("evidence", TRAILER)
        facts: dict[str, Any] = {
            "recorded": [
                {"key": key, "value": value} for key, value in release.trailers if key == TRAILER
            ]
        }
        try:
            results = read_evidence(self.repository, release)
        except PromptopsError as error:
            return failed_link("evidence", error, facts)
        facts["results"] = [one.record for one in results]
        passed = sum(one.passed for one in recorded)
        detail = f"{passed} of {_count(len(recorded), 'suite')} passed, for exactly this content"
        lines = tuple(one.summary for one in results)
        return Link("evidence", LinkStatus.OK, detail, lines, facts=facts)


def _gravest(problems: list[PromptopsError]) -> PromptopsError:
    """Return the first error that is a fault and not just missing data in this clone."""
    return next((one for one in problems if not isinstance(one, GitError)), problems[0])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


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
        "time": format_time(one.author.time_seconds),
        "reason": one.reason or None,
    }


def _commit_to_json(one: CommitSummary) -> dict[str, Any]:
    return {
        "commit": one.oid,
        "author": _person(one.author),
        "time": format_time(one.author.time_seconds),
        "subject": one.subject,
    }
