"""Read what an approver of a commit saw: its content at the changed paths."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from promptops.errors import NotAFileError, RemoteError
from promptops.gate.rules import ApprovalEntry
from promptops.git.changes import list_touched
from promptops.git.history import merge_base
from promptops.git.remote import fetch as fetch_refs
from promptops.git.trees import TreeReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.gate.rules import Change
    from promptops.repository.repository import Repository


def bring_commit(repository: Repository, oid: str, *, fetch: bool) -> bool:
    """Return whether a commit is available; with `fetch`, try to fetch it."""
    found = repository.objects.read(oid)
    if found is None and fetch and repository.source is not None:
        with suppress(RemoteError):
            fetch_refs(repository.git, repository.source, [oid])
        found = repository.objects.read(oid)
    return found is not None and found.kind == "commit"


def read_contents(
    repository: Repository, change: Change, commit: str, *, fetch: bool
) -> dict[str, ApprovalEntry | None] | None:
    """Return a commit's content at the governed paths of a change; None if it is not available."""
    if not bring_commit(repository, commit, fetch=fetch):
        return None
    tree = TreeReader(repository.objects, commit)
    return {path.path: _read_entry(tree, path.path) for path in change.paths}


def find_unseen(
    repository: Repository,
    change: Change,
    commit: str,
    contents: Mapping[str, ApprovalEntry | None],
) -> frozenset[str]:
    """Return the paths that a commit does not change and that the target branch has changed since.

    An approver of the commit saw no change at such a path. A change that reverts the path to the
    commit's content was not approved, although the content is equal.

    Args:
        repository: the repository with the commit.
        change: the proposed change.
        commit: the approved commit.
        contents: its content at the paths of the change.
    """
    began = merge_base(repository.git, change.base, commit) if contents else None
    if began is None:  # unknown for a commit without a common ancestor
        return frozenset(contents)
    tree = TreeReader(repository.objects, began)
    alone = [path for path, entry in contents.items() if _read_entry(tree, path) == entry]
    return frozenset(list_touched(repository.git, began, change.base, alone) if alone else ())


def _read_entry(tree: TreeReader, path: str) -> ApprovalEntry | None:
    try:
        entry = tree.entry(path)
    except NotAFileError:  # a parent of the path is a link or a submodule
        return None
    return None if entry is None or entry.is_folder else ApprovalEntry(entry.mode, entry.oid)
