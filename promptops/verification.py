"""Verification: whether releases and environments still say the same of one another.

Everything is stated at least twice on purpose: in the tag and in the commit it stands on, in the
lock and in the texts beside it, in a deployment's trailers and in what its tree changed. Whoever
moves a tag or edits a branch by hand changes one of the two. Nothing here asks the network, and
what this clone does not have is said to be unchecked, never counted as fine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops import lock
from promptops.environments import branch, describe_changes, read_head, tracking
from promptops.errors import GitError, PromptopsError, UsageError
from promptops.finding import Finding, Severity
from promptops.git.history import is_ancestor
from promptops.git.refs import list_refs, read_ref, short_name, stale_locks
from promptops.git.signers import Trust, configured_signers, judge_signature
from promptops.integrity import (
    Texts,
    compare_frozen,
    inspect_tag,
    list_environments,
    missing_object,
    own_file,
    read_claims,
    read_frozen,
    read_history,
    shorten,
    tag_title,
    versions_in,
    yank_target,
)
from promptops.reference import SelectorKind, parse_ref, parse_release_tag, release_tag
from promptops.releases import require_release, select_release
from promptops.repository import not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from promptops.environments import Deployment
    from promptops.git.objects import GitObject
    from promptops.integrity import Claim, History, Record
    from promptops.lock import Live, State
    from promptops.reference import PromptRef
    from promptops.releases import Release
    from promptops.repository import Repository
    from promptops.version import Version

    Key = tuple[str, Version]
    Progress = Callable[[str, int, int], None]

NOT_CHECKED = "not-checked"
NEWEST_TREES = 50
_NEWEST_SIGNATURES = 200
_PORTION = 1000


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification looked at and found.

    Attributes:
        releases: how many release tags were checked.
        environments: the environments that were checked.
        deployments: how many deployments they have, pending ones included.
        skipped_trees: of how many of these the tree was left out (`deep` leaves out none).
        findings: what is wrong, or could not be checked; the path is the short name of a ref.
    """

    releases: int
    environments: tuple[str, ...]
    deployments: int
    skipped_trees: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many things are wrong."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unchecked(self) -> int:
        """How many things could not be checked here."""
        return sum(finding.check == NOT_CHECKED for finding in self.findings)

    @property
    def summary(self) -> str:
        """What was checked and how it went, in one line."""
        what = [_count(self.releases, "release")]
        if self.environments:
            deployments = _count(self.deployments, "deployment")
            what.append(f"{_count(len(self.environments), 'environment')} ({deployments})")
        verdict = [_count(self.errors, "error")] if self.errors else []
        if self.unchecked:
            verdict.append(f"{_count(self.unchecked, 'thing')} could not be checked")
        return f"checked {' and '.join(what)}: {', '.join(verdict) or 'all consistent'}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def verify_repository(
    repository: Repository,
    refs: Sequence[str] = (),
    *,
    deep: bool = False,
    allowed_signers: Path | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check releases and environments against each other.

    Args:
        repository: the repository; it is only read, and its remote is not asked.
        refs: what to check: `name` (its releases, and wherever it is live), `name@selector`, or an
            environment. Nothing means everything.
        deep: look into the trees of all deployments, not only of each environment's newest.
        allowed_signers: whose signatures count. With it, what is unsigned is an error.
        progress: told of a kind of work, how much of it is done, and of how much.

    Raises:
        UsageError: a ref is malformed, or means the work tree.
        NotFoundError: a ref means nothing that exists.
    """
    scope = _read_scope(repository, refs)
    check = _Check(repository, scope, deep, allowed_signers, progress or _say_nothing)
    return check.run()


def _say_nothing(what: str, done: int, total: int) -> None:
    """Take progress that nobody watches."""


# What to check


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is checked; None means all.

    `releases` are the tags that are opened, `names` the prompts that count in environments.
    """

    releases: frozenset[Key] | None
    names: frozenset[str] | None
    environments: frozenset[str] | None

    @property
    def is_everything(self) -> bool:
        return self.releases is None and self.environments is None


def _read_scope(repository: Repository, refs: Sequence[str]) -> _Scope:
    if not refs:
        return _Scope(None, None, None)
    known = list_environments(repository)
    tags = _list_tags(repository, None)
    parts = [_read_ref_scope(repository, text, known, tags) for text in refs]

    def union(sets: list[frozenset[str] | None]) -> frozenset[str] | None:
        given = [one for one in sets if one is not None]
        return frozenset().union(*given) if len(given) == len(sets) else None

    return _Scope(
        frozenset().union(*(part.releases or () for part in parts)),
        union([part.names for part in parts]),
        union([part.environments for part in parts]),
    )


def _read_ref_scope(
    repository: Repository, text: str, environments: list[str], tags: dict[Key, str]
) -> _Scope:
    ref = parse_ref(text)
    released = frozenset(key for key in tags if key[0] == ref.name)
    live = {
        environment: _live_keys(repository, environment, ref.name) for environment in environments
    }
    if ref.selector is None:
        if released or any(live.values()):
            return _Scope(released, frozenset({ref.name}), None)
        if ref.name in environments:
            return _Scope(
                _live_keys(repository, ref.name, None) & tags.keys(), None, frozenset({ref.name})
            )
        raise not_found(ref.name, {key[0] for key in tags}, "among the releases and environments")
    return _read_selected(repository, ref, live, tags)


def _read_selected(
    repository: Repository, ref: PromptRef, live: dict[str, frozenset[Key]], tags: dict[Key, str]
) -> _Scope:
    selector, names = ref.selector, frozenset({ref.name})
    assert selector is not None  # noqa: S101 - the caller has looked
    if selector.kind is SelectorKind.WORKING:
        raise UsageError(
            "the work tree is not a release",
            hint=f"promptops validate {ref.name} checks it; promptops diff {ref.name} compares it",
        )
    if selector.kind is SelectorKind.ENVIRONMENT:
        if selector.text not in live:
            repository.config.environment(selector.text)
        if not live.get(selector.text):
            from promptops.environments import require_head

            require_head(repository, selector.text).state.require(ref.name, selector.text)
        return _Scope(live[selector.text] & tags.keys(), names, frozenset({selector.text}))
    if selector.kind is SelectorKind.VERSION and selector.version is not None:
        key = (ref.name, selector.version)
        if key not in tags and not any(key in keys for keys in live.values()):
            require_release(repository, *key)
        return _Scope(frozenset({key} & tags.keys()), names, None)
    chosen = select_release(repository, ref.name, selector)
    return _Scope(frozenset({(ref.name, chosen.version)}), names, None)


def _live_keys(repository: Repository, environment: str, name: str | None) -> frozenset[Key]:
    """What is live, of one prompt or of all; nothing where the environment cannot be read."""
    try:
        head = read_head(repository, environment)
    except PromptopsError:
        return frozenset()  # the check of the environment itself says what is wrong with it
    entries = head.state.entries if head else {}
    return frozenset(
        (one, live.version)
        for one, entry in entries.items()
        if name is None or one == name
        for live in entry.live
    )


def _list_tags(repository: Repository, strays: list[str] | None) -> dict[Key, str]:
    """All release tags, in order; names that are none are put into `strays`."""
    tags: dict[Key, str] = {}
    for ref in list_refs(repository.git, "refs/tags/prompts/", peel=False):
        key = parse_release_tag(ref.name)
        if key is not None and release_tag(*key) == ref.name:
            tags[key] = ref.oid
        elif strays is not None:
            strays.append(ref.name)
    return tags


# Checking


@dataclass(frozen=True, slots=True)
class _Tag:
    """What a release's tag says, as far as environments depend on it."""

    digest: str
    commit: str


@dataclass(slots=True)
class _Check:
    """One verification: what it may look at, what it has learned, what it found."""

    repository: Repository
    scope: _Scope
    deep: bool
    allowed_signers: Path | None
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    tags: dict[Key, str] = field(default_factory=dict)
    known: dict[Key, _Tag | None] = field(default_factory=dict)
    told: set[object] = field(default_factory=set)
    texts: Texts = field(init=False)
    signers: Path | None = field(init=False)
    released: int = 0
    deployments: int = 0
    skipped_trees: int = 0
    signatures: int = 0
    skipped_signatures: int = 0
    has_no_tags: bool = False

    def __post_init__(self) -> None:
        self.texts = Texts(self.repository)
        self.signers = self.allowed_signers or configured_signers(self.repository.git)

    def run(self) -> Verification:
        self._check_releases()
        environments = []
        for name in list_environments(self.repository):
            wanted = self.scope.environments is None or name in self.scope.environments
            if wanted and self._check_environment(name):
                environments.append(name)
        if self.has_no_tags:
            self._unchecked(
                "prompts/",
                "this clone has no release tags, so its environments could not be held to them",
                f"git fetch {self.repository.remote} 'refs/tags/*:refs/tags/*', then verify again",
            )
        if self.skipped_signatures:
            self._note(
                "unread-signature",
                "prompts/",
                f"{self.skipped_signatures:,} more signatures were not looked at",
                "promptops verify --deep looks at all",
            )
        if self.scope.is_everything:
            self._check_locks()
        return Verification(
            self.released,
            tuple(environments),
            self.deployments,
            self.skipped_trees,
            tuple(self.findings),
        )

    # Findings

    def _error(self, check: str, place: str, message: str, hint: str | None = None) -> None:
        self.findings.append(Finding(check, Severity.ERROR, message, place, None, hint))

    def _warn(self, check: str, place: str, message: str, hint: str | None = None) -> None:
        self.findings.append(Finding(check, Severity.WARNING, message, place, None, hint))

    def _note(self, check: str, place: str, message: str, hint: str | None = None) -> None:
        self.findings.append(Finding(check, Severity.NOTE, message, place, None, hint))

    def _unchecked(self, place: str, message: str, hint: str | None = None) -> None:
        self._warn(NOT_CHECKED, place, message, hint)

    def _failed(self, check: str, place: str, error: PromptopsError, label: str = "") -> None:
        """Put an error on record: as a fault, or as what this clone cannot tell."""
        message = f"{label}: {error.message}" if label else error.message
        if isinstance(error, GitError):
            self._unchecked(place, message, error.hint)
        else:
            self._error(check, place, message, error.hint)

    def _first_time(self, *what: object) -> bool:
        """Whether this has not come up before; one fault is told once, however often it shows."""
        if what in self.told:
            return False
        self.told.add(what)
        return True

    def _wants(self, name: str) -> bool:
        return self.scope.names is None or name in self.scope.names

    # Releases

    def _check_releases(self) -> None:
        strays: list[str] = []
        self.tags = _list_tags(self.repository, strays)
        if self.scope.is_everything:
            for ref in strays:
                self._warn(
                    "stray-tag",
                    short_name(ref),
                    "not the tag of a release: its name is not NAME@VERSION",
                    f"git tag -d {short_name(ref)} removes it",
                )
        keys = [key for key in self.tags if self._opens(key)]
        for start in range(0, len(keys), _PORTION):
            self._check_portion(keys[start : start + _PORTION])
            self.progress("releases", min(start + _PORTION, len(keys)), len(keys))
        self._check_yanks()

    def _opens(self, key: Key) -> bool:
        return self.scope.releases is None or key in self.scope.releases

    def _check_portion(self, keys: Sequence[Key]) -> None:
        tags = self._read([self.tags[key] for key in keys])
        opened = [self._open_tag(key, tag) for key, tag in zip(keys, tags, strict=True)]
        sound = [release for release in opened if release is not None]
        files = self._read([own_file(one.name, one.commit, one.folder) for one in sound])
        for release, file in zip(sound, files, strict=True):
            self._check_release(release, file)

    def _read(self, specs: list[str]) -> list[GitObject | GitError | None]:
        """Read objects; one that cannot be read does not hide the others."""
        try:
            return list(self.repository.objects.read_many(specs))
        except GitError:
            return [self._read_one(spec) for spec in specs]

    def _read_one(self, spec: str) -> GitObject | GitError | None:
        try:
            return self.repository.objects.read(spec)
        except GitError as error:
            return error

    def _open_tag(self, key: Key, found: GitObject | GitError | None) -> Release | None:
        """The release that a tag holds; None, and a finding, when it holds none."""
        self.known[key] = None
        if found is None:  # removed since it was listed
            del self.known[key]
            return None
        self.released += 1
        place = short_name(release_tag(*key))
        if isinstance(found, GitError):
            self._failed("unreadable-tag", place, found)
            return None
        release, fault = inspect_tag(*key, found)
        if release is None:
            if fault is not None:
                self._failed("broken-tag", place, fault)
            return None
        self.known[key] = _Tag(release.digest, release.commit)
        return release

    def _check_release(self, release: Release, file: GitObject | GitError | None) -> None:
        place = short_name(release.ref)
        self._check_base(release, place)
        self._check_signature(place, release.tag, "tag", release.signature)
        try:
            if isinstance(file, GitError):
                raise file
            frozen = read_frozen(
                self.repository,
                release.name,
                release.commit,
                release.folder,
                file.data if file else None,
            )
            compare_frozen(frozen, release.version, release.commit, release.digest)
        except PromptopsError as error:
            self._failed("broken-release", place, error)

    def _check_base(self, release: Release, place: str) -> None:
        base = release.base
        if base is None:
            return
        if base >= release.version:
            self._error(
                "wrong-base",
                place,
                f"its Prompt-Base is {base}, which is not below it",
                "the tag was written by hand",
            )
        elif (release.name, base) not in self.tags:
            self._error(
                "missing-base",
                place,
                f"it was compared with {release.name}@{base}, which has no tag here",
                self._fetch_hint(release.name, base),
            )

    def _fetch_hint(self, name: str, version: Version) -> str:
        tag = release_tag(name, version)
        if self.repository.remote is None:
            return f"somebody deleted the tag; another clone may have it: git fetch CLONE {tag}"
        fetch = f"git fetch {self.repository.remote} {tag}:{tag}"
        return f"{fetch} brings it back, unless it was deleted there too"

    def _check_signature(self, place: str, oid: str, kind: str, signature: str | None) -> None:
        if signature is None:
            if self.allowed_signers is not None:
                self._error(
                    "unsigned",
                    place,
                    f"{kind} {oid[:12]} is not signed",
                    "set commit.gpgSign and tag.gpgSign where releases and deployments are made",
                )
            return
        self.signatures += 1
        if self.signatures > _NEWEST_SIGNATURES and self.scope.is_everything and not self.deep:
            self.skipped_signatures += 1
            return
        try:
            verdict = judge_signature(self.repository.git, oid, kind, self.signers)
        except PromptopsError as error:
            self._failed("bad-signature", place, error)
            return
        if verdict.trust is Trust.BAD:
            self._error(
                "bad-signature",
                place,
                f"the signature of {kind} {oid[:12]} is bad: {verdict.reason}",
                "the object was altered after it was signed; do not use it",
            )
        elif verdict.trust is Trust.UNKNOWN and self.allowed_signers is not None:
            self._error(
                "unknown-signer",
                place,
                f"{kind} {oid[:12]} is not signed by an allowed signer: {verdict.reason}",
                "add the key to the list if you know whose it is",
            )
        elif verdict.trust is Trust.UNKNOWN:
            self._note(
                "unknown-signer",
                place,
                f"{kind} {oid[:12]} is signed, but {verdict.reason}",
                "promptops verify --trust FILE judges it by a list of allowed signers",
            )

    def _check_yanks(self) -> None:
        prefix = "refs/tags/yanked/"
        refs = list_refs(self.repository.git, prefix, peel=False)
        found = self._read([ref.oid for ref in refs])
        for ref, tag in zip(refs, found, strict=True):
            key = parse_release_tag(f"refs/tags/{ref.name.removeprefix(prefix)}")
            place = short_name(ref.name)
            if key is None:
                if self.scope.is_everything:
                    self._warn("stray-tag", place, "yanks nothing: its name is no release's")
            elif self._opens(key) and isinstance(tag, GitError):
                self._failed("broken-yank", place, tag)
            elif self._opens(key) and tag is not None and not isinstance(tag, GitError):
                self._check_yank(key, place, tag)

    def _check_yank(self, key: Key, place: str, found: GitObject) -> None:
        current = self.tags.get(key)
        if current is None:
            self._error(
                "broken-yank",
                place,
                f"it yanks {key[0]}@{key[1]}, which has no release tag",
                self._fetch_hint(*key),
            )
            return
        if found.kind != "tag":
            self._error(
                "broken-yank",
                place,
                "a lightweight tag: it does not say who yanked the release, and why",
                f"git tag -d {place}, then promptops yank {key[0]}@{key[1]} --reason TEXT",
            )
            return
        commit, meant = yank_target(found.data)
        release = self.known.get(key)
        if meant not in {None, current}:
            self._moved(key, meant or "", current, "it was yanked as")
        elif release is not None and commit != release.commit:
            self._error(
                "broken-yank",
                place,
                f"it stands on commit {commit[:12]}, the release on {release.commit[:12]}",
                "one of the two tags was moved by hand",
            )

    def _moved(self, key: Key, recorded: str, current: str, how: str) -> None:
        if self._first_time("moved", key, recorded):
            self._error(
                "moved-tag",
                short_name(release_tag(*key)),
                f"the tag was moved: {how} {recorded[:12]}, now it is {current[:12]}",
                "a release never changes; put the old tag back: "
                f"git update-ref {release_tag(*key)} {recorded[:12]}",
            )

    # Environments

    def _check_environment(self, environment: str) -> bool:
        """Check one environment; False when it has no deployments at all."""
        place = f"promptops/{environment}"
        try:
            history = self._choose_history(environment, place)
        except PromptopsError as error:
            self._failed("broken-branch", place, error)
            return True
        if history is None:
            return False
        self.deployments += len(history.records)
        self._check_numbers(history, place)
        self._check_claims(history, place)
        self._check_trees(history, place)
        return True

    def _choose_history(self, environment: str, place: str) -> History | None:
        """The remote's history, or the local one that is ahead of it: that contains the other."""
        repository = self.repository
        known = tracking(repository, environment)
        local = branch(environment)
        history = read_history(repository, environment, known)
        mine = read_ref(repository.git, local) if local != known else None
        if mine is None or (history is not None and mine == history.tip.oid):
            return history
        if history is not None and is_ancestor(repository.git, mine, history.tip.oid):
            return history
        ahead = read_history(repository, environment, local)
        if history is not None and ahead is not None:
            oids = {record.oid for record in ahead.records}
            if history.tip.oid not in oids:
                self._separate(environment, place, cut=bool(ahead.cut or history.cut))
                return history
        pending = len(ahead.records) - len(history.records if history else ()) if ahead else 0
        self._note(
            "pending",
            place,
            f"{_count(pending, 'local deployment')} not pushed yet",
            f"git push {repository.remote} {place}",
        )
        return ahead

    def _separate(self, environment: str, place: str, *, cut: bool) -> None:
        message = f"the local branch and the one of {self.repository.remote} went separate ways"
        if cut:
            self._unchecked(
                place, f"it may be that {message}", "git fetch --unshallow, then verify again"
            )
        else:
            self._error(
                "separate-ways",
                place,
                message,
                f"git branch -D {place} drops the local deployments; {environment} is the remote's",
            )

    def _check_numbers(self, history: History, place: str) -> None:
        if history.cut is not None:
            first = history.records[0]
            self._unchecked(
                place,
                f"what is older than {first.label} is not in this clone",
                "git fetch --unshallow gets the whole history",
            )
        before: int | None = None
        for record in history.records:
            deployment = record.deployment
            if deployment is None:
                fault = record.fault or missing_object(self.repository, record.oid)
                self._failed("broken-deployment", place, fault)
                before = None if before is None else before + 1
                continue
            self._check_number(history, place, deployment, before)
            before = deployment.number
            self._check_deployment_signature(history, place, record)

    def _check_number(
        self, history: History, place: str, deployment: Deployment, before: int | None
    ) -> None:
        number = deployment.number
        is_first = deployment.commit == history.records[0].oid
        if is_first and history.cut is None and number != 1:
            message = f"the history begins with deployment {number}, not with 1"
        elif before is not None and number != before + 1:
            message = (
                f"deployment {number} (commit {deployment.commit[:12]}) follows deployment {before}"
            )
        else:
            return
        self._error(
            "wrong-number",
            place,
            message,
            "deployments are numbered one by one; the branch was edited by hand",
        )

    def _check_deployment_signature(self, history: History, place: str, record: Record) -> None:
        if self.deep or record in history.records[-NEWEST_TREES:]:
            self._check_signature(place, record.oid, "commit", record.commit.signature)

    # What deployments say

    def _check_claims(self, history: History, place: str) -> None:
        for record in history.records:
            if record.deployment is None:
                continue
            for claim in read_claims(record.deployment):
                if self._wants(claim.name):
                    self._check_claim(record.deployment, place, claim)

    def _check_claim(self, deployment: Deployment, place: str, claim: Claim) -> None:
        after, before = versions_in(claim.after), versions_in(claim.before)
        if claim.release_tag is None:
            if deployment.action == "promote":
                self._error(
                    "missing-trailer",
                    place,
                    f"deployment {deployment.number} promotes {claim.name} without a Release-Tag",
                    "the commit was not written by promptops",
                )
            return
        current = {version: self.tags.get((claim.name, version)) for version in after}
        if claim.release_tag in current.values():
            return
        said = tag_title(self.repository, claim.release_tag)
        new = [version for version in after if version not in before] or after
        for version in new:
            key = (claim.name, version)
            if said is not None and said != short_name(release_tag(*key)):
                continue
            tag = current[version]
            if tag is None:
                self._missing_tag(key, place, f"deployment {deployment.number} made it live")
            else:
                how = f"deployment {deployment.number} of {deployment.environment} took it as"
                self._moved(key, claim.release_tag, tag, how)
            return
        self._error(
            "wrong-trailer",
            place,
            f"deployment {deployment.number} names the tag object {claim.release_tag[:12]} for "
            f"{claim.name} {claim.after}, which is {said or 'nothing of that name'}",
            "the commit was written by hand",
        )

    def _missing_tag(self, key: Key, place: str, why: str) -> None:
        if not self.tags and self.repository.remote is not None:
            self.has_no_tags = True
            return
        if self._first_time("missing", key):
            self._error(
                "missing-tag",
                short_name(release_tag(*key)),
                f"the tag is gone, but {why} ({place})",
                self._fetch_hint(*key),
            )

    # What deployments hold

    def _check_trees(self, history: History, place: str) -> None:
        start = 0 if self.deep else max(0, len(history.records) - NEWEST_TREES)
        self.skipped_trees += start
        numbers = {
            record.deployment.number: record.oid
            for record in history.records
            if record.deployment is not None
        }
        before = self._read_state(history.records[start - 1], None) if start else None
        for index in range(start, len(history.records)):
            record = history.records[index]
            state = self._read_state(record, place)
            if state is not None:
                self._check_folders(record, place, state)
                self._check_undo(history, place, record, state, numbers)
                if index == 0 and history.cut is None:
                    self._check_change(record, place, lock.State(), state)
                elif before is not None:
                    self._check_change(record, place, before, state)
            before = state
            self.progress(history.environment, index - start + 1, len(history.records) - start)

    def _read_state(self, record: Record, place: str | None) -> State | None:
        """The state a deployment left; None, and a finding where `place` is given, without."""
        try:
            return self.texts.state(record)
        except PromptopsError as error:
            if place is not None:
                hint = error.hint if isinstance(error, GitError) else self._heal(record, place)
                self._failed(
                    "broken-lock", place, type(error)(error.message, hint=hint), record.label
                )
            return None

    def _heal(self, record: Record, place: str) -> str:
        """What to do about a deployment that is not as promptops writes it."""
        number = record.deployment.number if record.deployment else 0
        hint = "the branch was edited by hand"
        if number > 1:
            environment = place.removeprefix("promptops/")
            hint += (
                f"; promptops rollback --env {environment} --to-deployment {number - 1}"
                " restores what was before"
            )
        return hint

    def _check_folders(self, record: Record, place: str, state: State) -> None:
        try:
            folders = self.texts.folders(record.commit.tree)
        except PromptopsError as error:
            self._failed("missing-texts", place, error, record.label)
            return
        heal = self._heal(record, place)
        expected = set()
        for name, entry in state.entries.items():
            for live in entry.live:
                folder = f"{name}@{live.version}"
                expected.add(folder)
                if self._wants(name):
                    self._check_live(record, place, name, live, folders.releases.get(folder))
        if self.scope.names is not None:
            return
        for folder in sorted(folders.releases.keys() - expected):
            if self._first_time("surplus", place, folder, folders.releases[folder]):
                self._error(
                    "surplus-texts",
                    place,
                    f"{record.label}: it holds the texts of {folder}, which is not live there",
                    heal,
                )
        for stray in folders.strays:
            if self._first_time("stray", place, stray):
                self._error(
                    "stray-file",
                    place,
                    f"{record.label}: {stray} does not belong into a deployment",
                    heal,
                )

    def _check_live(
        self, record: Record, place: str, name: str, live: Live, folder: str | None
    ) -> None:
        key = (name, live.version)
        if not self._first_time("live", place, key, live.digest, live.commit, folder):
            return
        what = f"{record.label}: {name}@{live.version}"
        heal = self._heal(record, place)
        if folder is None:
            self._error("missing-texts", place, f"{what} is live, but its texts are missing", heal)
        else:
            try:
                digest = self.texts.digest(folder)
            except PromptopsError as error:
                self._failed("missing-texts", place, error, what)
            else:
                if digest != live.digest:
                    self._error(
                        "altered-texts",
                        place,
                        f"{what} has texts of {shorten(digest)}, "
                        f"but the lock says {shorten(live.digest)}",
                        heal,
                    )
        self._check_against_tag(what, place, key, live, heal)

    def _check_against_tag(self, what: str, place: str, key: Key, live: Live, heal: str) -> None:
        if key not in self.tags:
            self._missing_tag(key, place, f"{what.partition(':')[0]} has it live")
            return
        if key not in self.known:
            found = self._read([self.tags[key]])[0]
            release = None
            if found is not None and not isinstance(found, GitError):
                release = inspect_tag(*key, found)[0]
            self.known[key] = _Tag(release.digest, release.commit) if release else None
        tag = self.known[key]
        if tag is None:
            if not self._opens(key):
                self._error("broken-tag", place, f"{what} is live, but its tag is no release's")
            return
        if tag.digest != live.digest:
            message = f"the lock says {shorten(live.digest)}, the release tag {shorten(tag.digest)}"
        elif tag.commit != live.commit:
            message = f"the lock says commit {live.commit[:12]}, the release tag {tag.commit[:12]}"
        else:
            return
        self._error("wrong-lock", place, f"{what}: {message}", heal)

    def _check_undo(
        self,
        history: History,
        place: str,
        record: Record,
        state: State,
        numbers: dict[int, str],
    ) -> None:
        own = record.deployment.number if record.deployment else None
        oldest = history.records[0].deployment
        for name, point in state.undo.items():
            if not self._wants(name) or not self._first_time("undo", place, name, point, "seen"):
                continue
            if own is not None and point.deployment >= own:
                wrong = f"which is not older than deployment {own}"
            elif point.deployment in numbers:
                true = numbers[point.deployment]
                if true == point.commit:
                    continue
                wrong = f"but that is commit {true[:12]}"
            elif history.cut is not None and oldest and point.deployment < oldest.number:
                self._undo_unseen(place)
                continue
            else:
                wrong = "which this branch does not have"
            self._error(
                "wrong-undo",
                place,
                f"{record.label}: a rollback of {name} would go to deployment {point.deployment} "
                f"({point.commit[:12]}), {wrong}",
                self._heal(record, place),
            )

    def _undo_unseen(self, place: str) -> None:
        if self._first_time("undo", place):
            self._unchecked(
                place,
                "rollbacks lead to deployments that are not in this clone",
                "git fetch --unshallow gets the whole history",
            )

    def _check_change(self, record: Record, place: str, before: State, after: State) -> None:
        if record.deployment is None:
            return
        said = {claim.name: claim.change for claim in read_claims(record.deployment)}
        done = {
            change.name: f"{change.before} -> {change.after}"
            for change in describe_changes(before, after)
        }
        for name in sorted(said.keys() | done.keys()):
            if said.get(name) == done.get(name) or not self._wants(name):
                continue
            self._error(
                "wrong-trailer",
                place,
                f"{record.label}: says {name} {said.get(name, 'is unchanged')}, "
                f"but its lock has {done.get(name, 'no change of it')}",
                self._heal(record, place),
            )

    def _check_locks(self) -> None:
        for path in stale_locks(self.repository.git):
            self._warn(
                "lock-file",
                path.relative_to(self.repository.git.common_dir).as_posix()
                if path.is_relative_to(self.repository.git.common_dir)
                else str(path),
                "a lock that git holds while it writes; one that stays was left by a crash",
                f"make sure that no git command is running here, then remove {path}",
            )
