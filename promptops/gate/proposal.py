"""Read a proposed change: the effect of merging it on prompts and other files.

The tree after merging is judged, because two valid changes can merge cleanly into something that
nobody has reviewed. Everything is read from objects; nothing is checked out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.environments import read_head
from promptops.delivery.release import load_released, parse_tag_object
from promptops.delivery.releases import list_tags_of
from promptops.errors import InvalidPromptError, NotAFileError, PromptopsError
from promptops.gate.governance import Governance, is_below
from promptops.gate.rules import (
    ApprovalEntry,
    Change,
    ChangedPath,
    PathKind,
    PromptChange,
    PromptState,
)
from promptops.gate.rules.people import names_of
from promptops.git.changes import (
    adds_nothing,
    co_authors,
    list_tree_changes,
    merge_trees,
    read_commits,
    require_merge_base,
)
from promptops.git.history import is_ancestor
from promptops.prompt.closure import collect_closure
from promptops.prompt.diff import diff_prompts
from promptops.prompt.prompt import load_prompt
from promptops.prompt.reference import is_prompt, name_fault, name_from_path
from promptops.prompt.users import find_candidates
from promptops.prompt.version_line import differ_in_version_alone
from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from promptops.gate.policy import Policy
    from promptops.git.trees import TreeReader
    from promptops.prompt.diff import PromptDiff
    from promptops.prompt.prompt import Prompt
    from promptops.prompt.version import Version
    from promptops.repository.config import Config
    from promptops.repository.repository import Repository

    _Read = Callable[[str], bytes | None]

_PORTION = 2_000
# Reading a merge takes some milliseconds; authors of further merges count as contributors.
_MAX_MERGES = 50


def read_change(
    repository: Repository, policy: Policy, base: str, head: str, target: str
) -> Change:
    """Read the change that merging `head` into `base` makes.

    Args:
        repository: the repository with both.
        policy: the rules at `base`.
        base: the commit at the target branch's tip.
        head: the proposed commit.
        target: the branch's short name.

    Raises:
        GitError: the two conflict, or have no common ancestor in this clone.
        IntegrityError: the content of a changed prompt's release differs from its tag.
    """
    return _ProposalReading(repository, policy, base, head).change(target)


@dataclass(frozen=True, slots=True)
class Contributors:
    """The contributors to some commits.

    Attributes:
        authors: the names of the authors.
        committers: the names of authors, committers and co-authors.
        merges: merge commits without own changes; they have no contributors.
    """

    authors: frozenset[str]
    committers: frozenset[str]
    merges: frozenset[str]


def read_contributors(repository: Repository, base: str, head: str) -> Contributors:
    """Read the contributors to the commits that are in `head` and not in `base`.

    Updating a branch from its target, for example by a forge's button, does not make a contributor.

    Raises:
        GitError: this clone lacks a commit.
    """
    authors: set[str] = set()
    others: set[str] = set()
    merges: set[str] = set()
    left = _MAX_MERGES
    for oid, commit in read_commits(repository.git, repository.objects, base, head):
        left -= len(commit.parents) > 1
        if len(commit.parents) > 1 and left >= 0 and adds_nothing(repository.git, commit):
            merges.add(oid)
            continue
        authors |= names_of(commit.author.email)
        others |= names_of(commit.committer.email)
        for email in co_authors(commit.message):
            others |= names_of(email)
    return Contributors(frozenset(authors), frozenset(authors | others), frozenset(merges))


class _ProposalReading:
    """Builds a `Change` from the two sides of a merge."""

    def __init__(self, repository: Repository, policy: Policy, base: str, head: str) -> None:
        git = repository.git
        self._repository = repository
        self._config = policy.config
        self._base, self._head = base, head
        self._merge_base = require_merge_base(git, base, head)
        is_ahead = self._merge_base == base
        self._tree = git.resolve_tree(head) if is_ahead else merge_trees(git, base, head)
        self._proposed = {one.path: one for one in list_tree_changes(git, self._merge_base, head)}
        merging = [] if is_ahead else list_tree_changes(git, base, self._tree)
        self._merging = {one.path: one for one in merging}
        self._new_config = self._read_new_config()
        self._governance = Governance(self._config, self._new_config)
        self._old = repository.tree(base, self._config.prompts)
        self._new = repository.tree(self._tree, self._new_config.prompts)

    def _read_new_config(self) -> Config:
        """Return the configuration after merging; if it is invalid, the one before."""
        if not {CONFIG_FILE, PYPROJECT_FILE} & (self._proposed.keys() | self._merging.keys()):
            return self._config
        try:
            return load_config(self._repository.tree(self._tree).read)
        except PromptopsError:
            return self._config

    def change(self, target: str) -> Change:
        paths = self._govern()
        everything = self._proposed.keys() | self._merging.keys()
        contributors = read_contributors(self._repository, self._base, self._head)
        return Change(
            target=target,
            base=self._base,
            head=self._head,
            merge_base=self._merge_base,
            tree=self._tree,
            folder=self._new_config.prompts,
            paths=tuple(paths),
            others=len(everything - {path.path for path in paths}),
            prompts=tuple(self._read_prompts(paths)),
            authors=contributors.authors,
            committers=contributors.committers,
            merges=contributors.merges,
        )

    # Governed paths

    def _govern(self) -> list[ChangedPath]:
        governed = []
        for path in sorted(self._proposed.keys() | self._merging.keys()):
            kind = self._kind(path)
            if kind is not None:
                governed.append(self._changed(path, kind))
        return sorted([*governed, *self._moved_in(governed)], key=lambda one: one.path)

    def _changed(self, path: str, kind: PathKind) -> ChangedPath:
        proposed = self._proposed.get(path)
        if proposed is None:
            merging = self._merging[path]
            before, after = _entry(merging.before), _entry(merging.after)
            return ChangedPath(path, kind, before, None, after, is_proposed=False)
        merged = after = _entry(proposed.after)
        if path in self._merging:
            merged = _entry(self._merging[path].after)
        elif self._merge_base != self._base:  # merging keeps the target branch's content
            found = self._repository.tree(self._base).entry(path)
            merged = (
                None if found is None or found.is_folder else ApprovalEntry(found.mode, found.oid)
            )
        before = _entry(proposed.before)
        number = kind is PathKind.PROMPTS and self._writes_number(path, before, after)
        return ChangedPath(path, kind, before, after, merged, is_number=number)

    def _writes_number(
        self, path: str, before: ApprovalEntry | None, after: ApprovalEntry | None
    ) -> bool:
        """Return whether a change at a path writes only a version number, as a release does."""
        if self._config.gate.versions != "release" or not is_prompt(path):
            return False
        if before is None or after is None or before.mode != after.mode:
            return False
        old, new = self._repository.objects.read_many([before.oid, after.oid])
        return old is not None and new is not None and differ_in_version_alone(old.data, new.data)

    def _kind(self, path: str) -> PathKind | None:
        """Return why a path is governed; None if it is not."""
        if path == PYPROJECT_FILE:
            return PathKind.CONFIGURATION if self._has_new_table() else None
        return self._governance.kind(path)

    def _has_new_table(self) -> bool:
        """Return whether `[tool.promptops]` changed; the rest of pyproject.toml is not governed."""
        tables = []
        for commit in (self._base, self._tree):
            data = self._repository.tree(commit).read(PYPROJECT_FILE)
            try:
                tables.append(load_config({PYPROJECT_FILE: data}.get))
            except PromptopsError:
                return True
        return tables[0] != tables[1]

    def _moved_in(self, governed: Iterable[ChangedPath]) -> list[ChangedPath]:
        """Return the files below a folder that the change makes the prompts folder: all are new."""
        known = {path.path for path in governed}
        found = []
        for old, new, kind in (
            (self._config.prompts, self._new_config.prompts, PathKind.PROMPTS),
            (self._config.evals, self._new_config.evals, PathKind.EVALS),
        ):
            if old == new:
                continue
            for file in self._repository.tree(self._tree, new).files():
                path = f"{new}/{file.path}"
                if path not in known:
                    entry = ApprovalEntry(file.mode, file.oid)
                    found.append(ChangedPath(path, kind, None, entry, entry))
        return found

    # Changed prompts

    def _read_prompts(self, paths: Sequence[ChangedPath]) -> list[PromptChange]:
        # By folder and not by kind: evals, or a groups file, may be in the prompts folder.
        folders = (self._config.prompts, self._new_config.prompts)
        touched = {
            one.path for one in paths if any(is_below(one.path, folder) for folder in folders)
        }
        names = sorted(self._find_names(touched))
        for side in (self._old, self._new):
            side.keep([f"{name}.md" for name in names])
        pairs = []
        for name in names:
            before, after = self._state(self._old, name), self._state(self._new, name)
            if before is None and after is None:
                continue
            if before and after and before.closure.files == after.closure.files:
                continue
            pairs.append((name, before, after))
        new = {name: after.prompt if after else None for name, _, after in pairs}
        is_free = self._config.gate.versions == "release"
        releases = _Releases(self._repository, new, is_free=is_free)
        return [self._compare(touched, releases, *pair) for pair in pairs]

    def _compare(
        self,
        touched: set[str],
        releases: _Releases,
        name: str,
        before: PromptState | None,
        after: PromptState | None,
    ) -> PromptChange:
        files = {
            f"{config.prompts}/{path}"
            for config, state in ((self._config, before), (self._new_config, after))
            if state is not None
            for path in state.closure.files
        }
        folder = (self._config if after is None else self._new_config).prompts
        old = before.prompt if before else None
        new = after.prompt if after else None
        # If one side is invalid, the difference is unknown.
        is_comparable = (before is None or old is not None) and (after is None or new is not None)
        diff = diff_prompts(old, new) if is_comparable else None
        released, base, base_diff = (
            (None, None, None) if new is None else releases.place(old, new, diff)
        )
        is_back = (
            new is not None
            and released == new.digest
            and releases.is_merged(name, new.version, self._base)
        )
        return PromptChange(
            name=name,
            path=f"{folder}/{name}.md",
            before=before,
            after=after,
            changed=tuple(sorted(files & touched)),
            diff=diff,
            versions=tuple(releases.versions[name]),
            released_digest=released,
            is_back=is_back,
            base=base,
            base_diff=base_diff,
            live_in=self._find_live(name) if after is None and releases.versions[name] else (),
        )

    def _state(self, files: TreeReader, name: str) -> PromptState | None:
        closure = collect_closure(name, _tolerant(files))
        if closure is None:
            return None
        try:
            return PromptState(closure, load_prompt(closure))
        except InvalidPromptError:
            return PromptState(closure, None)

    def _find_live(self, name: str) -> tuple[str, ...] | None:
        """Return the environments in which the prompt is live; None if none is known here."""
        live = []
        is_known = False
        for environment in self._config.environment_names:
            head = read_head(self._repository, environment)
            is_known = is_known or head is not None
            if head is not None and name in head.state.entries:
                live.append(environment)
        return tuple(live) if is_known else None

    def _find_names(self, touched: Iterable[str]) -> set[str]:
        """Return the prompts that may be touched, by their own file or by one that they need."""
        names = set()
        needed = set()
        for folder, path in (
            (one.prompts, path)
            for path in touched
            for one in (self._config, self._new_config)
            if is_below(path, one.prompts)
        ):
            below = path.removeprefix(f"{folder}/")
            if is_prompt(below) and name_fault(name_from_path(below)) is None:
                names.add(name_from_path(below))
            else:
                needed.add(below)
        if self._config.prompts != self._new_config.prompts:
            # With a new prompts folder, prompts in the old one are removed.
            names |= {
                name_from_path(path)
                for path in self._old.paths()
                if is_prompt(path) and name_fault(name_from_path(path)) is None
            }
        return names | (find_candidates(self._read_texts(), needed) if needed else set())

    def _read_texts(self) -> dict[str, set[bytes]]:
        """Return the contents of files below the prompts folder, on either side, by path."""
        texts: defaultdict[str, set[bytes]] = defaultdict(set)
        files = {(one.path, one.oid) for side in (self._old, self._new) for one in side.files()}
        listed = sorted(files)
        for start in range(0, len(listed), _PORTION):
            portion = listed[start : start + _PORTION]
            found = self._repository.objects.read_many([oid for _, oid in portion])
            for (path, _), blob in zip(portion, found, strict=True):
                if blob is not None and blob.kind == "blob":
                    texts[path].add(blob.data)
        return texts


class _Releases:
    """The releases of the changed prompts, listed and read together."""

    def __init__(
        self, repository: Repository, prompts: Mapping[str, Prompt | None], *, is_free: bool
    ) -> None:
        self._repository = repository
        self._is_free = is_free
        self.versions: dict[str, list[Version]] = {name: [] for name in prompts}
        tags = list_tags_of(repository, list(prompts))
        for name, version in sorted(tags):
            self.versions[name].append(version)
        wanted = [
            (name, version)
            for name, prompt in prompts.items()
            if prompt is not None
            for version in (self._find_base(prompt), prompt.version)
            if version is not None and (name, version) in tags
        ]
        objects = repository.objects.read_many([tags[one] for one in wanted])
        self._releases = {
            one: parse_tag_object(*one, found)
            for one, found in zip(wanted, objects, strict=True)
            if found is not None
        }

    def _find_base(self, prompt: Prompt) -> Version | None:
        """Return the greatest release below the prompt's version; with `is_free`, or of that
        version.
        """
        own = prompt.version
        below = [
            one for one in self.versions[prompt.name] if one < own or (self._is_free and one == own)
        ]
        return below[-1] if below else None

    def place(
        self, old: Prompt | None, new: Prompt, diff: PromptDiff | None
    ) -> tuple[str | None, Version | None, PromptDiff | None]:
        """Compare `new` with the releases.

        Returns the released digest of its version, the greatest release below it, and the
        difference from that one.
        """
        same = self._releases.get((new.name, new.version))
        released = same.digest if same else None
        below = self._find_base(new)
        if below is None:
            return released, None, None
        base = self._releases[new.name, below]
        if old is None or diff is None or old.digest != base.digest:
            diff = diff_prompts(load_released(self._repository, base), new)
        return released, base.version, diff

    def is_merged(self, name: str, version: Version, tip: str) -> bool:
        """Return whether an existing release was made from a commit on a branch.

        Its content is verified, because anyone who may push can create a tag.
        """
        release = self._releases[name, version]
        if not is_ancestor(self._repository.git, release.commit, tip):
            return False
        load_released(self._repository, release)
        return True


def _tolerant(files: TreeReader) -> _Read:
    """Read a file; a link or a submodule is read as empty and reported elsewhere."""

    def read(path: str) -> bytes | None:
        try:
            return files.read(path)
        except NotAFileError:
            return b""

    return read


def _entry(found: tuple[str, str] | None) -> ApprovalEntry | None:
    return None if found is None else ApprovalEntry(*found)
