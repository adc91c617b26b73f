"""Read releases and environments and record all faults, for `verify` and `trace`.

Elsewhere an invalid deployment or release raises an error. Here it is recorded and reading
continues.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.delivery import state as lock
from promptops.delivery.environments import Deployment, branch, parse_deployment, tracking
from promptops.delivery.release import parse_release
from promptops.errors import GitError, IntegrityError, PromptopsError, UsageError
from promptops.git.history import rev_list
from promptops.git.message import parse_message
from promptops.git.objects import parse_commit, parse_tag, parse_tree
from promptops.git.refs import list_refs
from promptops.git.trees import TreeReader, read_tree_files
from promptops.prompt.closure import collect_closure
from promptops.prompt.digest import compute_digest
from promptops.prompt.reference import is_environment, release_tag
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.delivery.release import Release
    from promptops.delivery.state import Live, State
    from promptops.git.objects import Commit, GitObject
    from promptops.repository.repository import Repository

_PORTION = 2000
_RELEASES = "releases"
_PAUSED = " (paused)"


# Environments


@dataclass(frozen=True, slots=True)
class IntegrityRecord:
    """One commit on an environment's branch, valid or not.

    Attributes:
        oid: its id.
        commit: its content.
        deployment: the parsed deployment, if it is one.
        fault: why it is not a deployment, or None.
    """

    oid: str
    commit: Commit
    deployment: Deployment | None
    fault: PromptopsError | None

    @property
    def label(self) -> str:
        """`deployment 12`, or the commit if it has no number."""
        if self.deployment is None:
            return f"commit {self.oid[:12]}"
        return f"deployment {self.deployment.number}"


@dataclass(frozen=True, slots=True)
class History:
    """All commits of an environment's branch that this clone has.

    Attributes:
        environment: the environment.
        ref: the full ref that was read.
        records: the commits by first parents, oldest first.
        cut: the parent of the oldest one, which is not in this clone; None if history is complete.
    """

    environment: str
    ref: str
    records: tuple[IntegrityRecord, ...]
    cut: str | None

    @property
    def tip(self) -> IntegrityRecord:
        """The newest commit."""
        return self.records[-1]


def list_environments(repository: Repository) -> list[str]:
    """Return the environments that are configured, then the others that have a branch."""
    known = list(repository.config.environment_names)
    prefixes = {branch(""), tracking(repository, "")}
    for prefix in sorted(prefixes):
        for ref in list_refs(repository.git, prefix, peel=False):
            name = ref.name.removeprefix(prefix)
            if name not in known and is_environment(name):
                known.append(name)
    return known


def read_history(repository: Repository, environment: str, ref: str) -> History | None:
    """Return the history of a ref; None if there is no such ref.

    Raises IntegrityError if the ref is not a commit, and GitError if objects are missing that even
    a shallow clone would have.
    """
    found = repository.objects.read(ref)
    if found is None:
        return None
    if found.kind != "commit":
        raise IntegrityError(
            f"the branch of {environment} points to a {found.kind}, not a commit",
            hint=f"git reflog {ref} may show where it was",
        )
    oids = _list_commits(repository, environment, found.oid)
    records = tuple(
        _read_record(environment, one)
        for one in read_all(repository, oids)
        if one is not None and one.kind == "commit"
    )
    parents = records[0].commit.parents
    return History(environment, ref, records, parents[0] if parents else None)


def _list_commits(repository: Repository, environment: str, tip: str) -> list[str]:
    """Return the ancestors of a tip, oldest first. Raises IntegrityError if one is missing."""
    try:
        return rev_list(repository.git, tip)[::-1]
    except GitError as error:
        if repository.git.is_shallow or "partial clone" in (error.hint or ""):
            raise
        raise IntegrityError(
            f"the history of {environment} is damaged: {error.message}",
            hint="run git fsck to list the damage, then fetch from an intact clone",
        ) from error


def _read_record(environment: str, found: GitObject) -> IntegrityRecord:
    commit = parse_commit(found.data)
    if len(commit.parents) > 1:
        fault = IntegrityError(
            f"commit {found.oid[:12]} is a merge, and a deployment has one parent",
            hint="only promptops writes environment branches",
        )
        return IntegrityRecord(found.oid, commit, None, fault)
    try:
        return IntegrityRecord(
            found.oid, commit, parse_deployment(environment, found.oid, found.data), None
        )
    except PromptopsError as error:
        return IntegrityRecord(found.oid, commit, None, error)


def read_all(repository: Repository, specs: Sequence[str]) -> Iterator[GitObject | None]:
    """Read many objects in batches, so that not all are in memory at once."""
    for start in range(0, len(specs), _PORTION):
        yield from repository.objects.read_many(specs[start : start + _PORTION])


@dataclass(frozen=True, slots=True)
class Claim:
    """A deployment's trailers about one prompt.

    Attributes:
        name: the prompt.
        before: the previous versions, as text.
        after: the new versions, as text.
        release_tag: the id of the deployed tag object, or None.
    """

    name: str
    before: str
    after: str
    release_tag: str | None

    @property
    def change(self) -> str:
        """`1.3.0 -> 1.4.0`."""
        return f"{self.before} -> {self.after}"


def read_claims(deployment: Deployment) -> list[Claim]:
    """Return the deployment's trailers by prompt."""
    groups: list[dict[str, str]] = []
    for key, value in deployment.trailers:
        if key == "Prompt":
            groups.append({key: value})
        elif groups and key in {"From", "To", "Release-Tag"}:
            groups[-1].setdefault(key, value)
    return [
        Claim(
            group["Prompt"],
            group.get("From", "none"),
            group.get("To", "none"),
            group.get("Release-Tag"),
        )
        for group in groups
    ]


def versions_in(described: str) -> list[Version]:
    """Return the versions in a text such as `1.2.0 90%, 1.3.0 10% (paused)`."""
    versions = []
    for part in described.removesuffix(_PAUSED).split(", "):
        try:
            versions.append(Version.parse(re.sub(r" \d+%\Z", "", part)))
        except UsageError:
            continue
    return versions


@dataclass(frozen=True, slots=True)
class Folders:
    """The content of a deployment's tree besides its two files.

    Attributes:
        releases: `<name>@<version>` -> the folder's tree id.
        strays: paths of anything else.
    """

    releases: dict[str, str]
    strays: tuple[str, ...]


@dataclass(slots=True)
class ReleasedTexts:
    """Reads the released texts in environments' trees, and their digests.

    Most of a tree is unchanged since the previous deployment, so results are cached by object id.
    """

    repository: Repository
    _folders: dict[str, Folders] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)
    _known: dict[str, State] = field(default_factory=dict)

    def state(self, record: IntegrityRecord) -> State:
        """Return the state after a deployment. Raises IntegrityError if lock or undo is invalid."""
        from promptops.delivery.environments import read_state

        tree = record.commit.tree
        if tree not in self._known:
            if len(self._known) > 1:  # only adjacent deployments are compared, so keep two states
                self._known.pop(next(iter(self._known)))
            self._known[tree] = read_state(self.repository, record.oid)
        return self._known[tree]

    def folders(self, tree: str) -> Folders:
        """Return the content of a deployment's tree."""
        strays: list[str] = []
        releases: dict[str, str] = {}
        for mode, name, oid in self._entries(tree):
            if name == _RELEASES and mode == "040000":
                below = self._below(oid)
                releases = below.releases
                strays += [f"{_RELEASES}/{path}" for path in below.strays]
            elif name not in {lock.LOCK_FILE, lock.UNDO_FILE} or mode != "100644":
                strays.append(name)
        return Folders(releases, tuple(strays))

    def _below(self, tree: str) -> Folders:
        if tree not in self._folders:
            releases: dict[str, str] = {}
            strays: list[str] = []
            for mode, name, oid in self._entries(tree):
                if mode != "040000":
                    strays.append(name)
                elif "@" in name:
                    releases[name] = oid
                else:
                    below = self._below(oid)
                    releases |= {f"{name}/{path}": one for path, one in below.releases.items()}
                    strays += [f"{name}/{path}" for path in below.strays]
            self._folders[tree] = Folders(releases, tuple(strays))
        return self._folders[tree]

    def _entries(self, tree: str) -> list[tuple[str, str, str]]:
        found = self.repository.objects.read(tree)
        if found is None or found.kind != "tree":
            raise missing_object(self.repository, tree)
        entries = parse_tree(found.data, self.repository.git.object_id_bytes)
        return [(entry.mode, entry.name, entry.oid) for entry in entries]

    def digest(self, folder: str) -> str:
        """Return the digest over the files of a folder's tree."""
        if folder not in self._digests:
            files = read_tree_files(self.repository.objects, folder)
            for file in files.values():
                if file.mode in {"120000", "160000"}:
                    raise IntegrityError(f"{file.path} is a link, not a file")
            blobs = self.repository.objects.read_many([file.oid for file in files.values()])
            contents = {}
            for path, blob in zip(files, blobs, strict=True):
                if blob is None:
                    raise missing_object(self.repository, files[path].oid)
                contents[path] = blob.data
            self._digests[folder] = compute_digest(contents)
        return self._digests[folder]


def missing_object(repository: Repository, oid: str) -> PromptopsError:
    """Return the error for a missing object: damage, unless the clone is shallow."""
    if repository.git.is_shallow:
        return GitError(
            f"{oid[:12]} is not in this shallow clone",
            hint="run git fetch --unshallow to get the whole history",
        )
    return IntegrityError(
        f"the object {oid[:12]} is missing",
        hint="run git fsck to list the damage, then fetch from an intact clone",
    )


# Releases


def inspect_tag(
    name: str, version: Version, found: GitObject
) -> tuple[Release | None, PromptopsError | None]:
    """Return the release of a tag, or the error that makes it invalid."""
    tag = release_tag(name, version).removeprefix("refs/tags/")
    if found.kind != "tag":
        return None, IntegrityError(
            f"{tag} is a lightweight tag: it does not say who released what",
            hint=f"git tag -d {tag}, then promptops release {name}",
        )
    try:
        return parse_release(name, version, found.oid, found.data), None
    except PromptopsError as error:
        said = parse_tag(found.data).name
        if said == tag:
            return None, error
        return None, IntegrityError(
            f"{tag} points to the tag object of {said}",
            hint="the tag was made or moved by hand; git fetch may restore the original",
        )


@dataclass(frozen=True, slots=True)
class Frozen:
    """The actual content of a release's commit.

    Attributes:
        digest: the digest of the closure there.
        version: the version in the file.
        paths: the closure's files, below the prompts folder.
    """

    digest: str
    version: str
    paths: tuple[str, ...]


def read_frozen(
    repository: Repository, name: str, commit: str, folder: str, data: bytes | None
) -> Frozen:
    """Read the closure of a prompt at a released commit again.

    `folder` is the prompts folder there, `data` the content of the prompt's own file. Raises
    IntegrityError if files are missing, and GitError if this clone lacks the commit.
    """
    prefix = f"{commit}:{folder}/" if folder else f"{commit}:"
    own = f"{name}.md"
    if data is None and repository.objects.read(commit) is None:
        raise missing_object(repository, commit)

    def read(path: str) -> bytes | None:
        if path == own:
            return data
        found = repository.objects.read(prefix + path)
        return found.data if found is not None and found.kind == "blob" else None

    closure = collect_closure(name, read)
    if closure is None:
        raise IntegrityError(
            f"its commit {commit[:12]} has no {prefix.partition(':')[2]}{own}",
            hint="the tag points to another commit than the released one",
        )
    if closure.faults:
        # Read again, to distinguish a file that never existed from a lost one or a link.
        collect_closure(name, TreeReader(repository.objects, commit, folder).read)
        raise IntegrityError(
            f"its commit {commit[:12]} lacks what it needs: {closure.faults[0].message}",
            hint="the tag points to another commit than the released one",
        )
    version = closure.document.data.get("version")
    return Frozen(closure.compute_digest(), str(version), tuple(closure.files))


def own_file(name: str, commit: str, folder: str) -> str:
    """Return the object expression of a prompt's own file at a commit."""
    return f"{commit}:{folder}/{name}.md" if folder else f"{commit}:{name}.md"


def compare_frozen(frozen: Frozen, version: Version, commit: str, digest: str) -> None:
    """Raise IntegrityError if a released commit's content differs from its tag."""
    if frozen.version != str(version):
        raise IntegrityError(
            f"the file at its commit {commit[:12]} says version {frozen.version}",
            hint="the tag points to another commit than the released one; was it moved?",
        )
    if frozen.digest != digest:
        raise IntegrityError(
            f"its commit {commit[:12]} has {shorten(frozen.digest)}, "
            f"but the tag says {shorten(digest)}",
            hint="the tag points to another commit than the released one, or was written by hand",
        )


def contradict_lock(live: Live, digest: str, commit: str) -> str | None:
    """Return how a lock's entry contradicts the release's tag, as a clause; None if it does not."""
    if digest != live.digest:
        return f"the lock says {shorten(live.digest)}, the release tag {shorten(digest)}"
    if commit != live.commit:
        return f"the lock says commit {live.commit[:12]}, the release tag {commit[:12]}"
    return None


def shorten(digest: str) -> str:
    """Return a shortened digest for display: `sha256:` and twelve hex digits."""
    return digest[: len("sha256:") + 12]


def tag_title(repository: Repository, oid: str) -> str | None:
    """Return the name in a tag object; None if the object is missing."""
    found = repository.objects.read(oid)
    if found is None or found.kind != "tag":
        return None
    return parse_tag(found.data).name


def yank_target(data: bytes) -> tuple[str, str | None]:
    """Return the commit of a yank's tag, and the id of the yanked release's tag."""
    tag = parse_tag(data)
    return tag.target, parse_message(tag.message).value("Release-Tag")
