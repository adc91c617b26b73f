"""What somebody saw who looked at a commit: what it has where a change changes something."""

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
    """Return whether a commit can be read here; with `fetch`, the remote is asked for one that is
    not.
    """
    found = repository.objects.read(oid)
    if found is None and fetch and repository.source is not None:
        with suppress(RemoteError):
            fetch_refs(repository.git, repository.source, [oid])
        found = repository.objects.read(oid)
    return found is not None and found.kind == "commit"


def read_contents(
    repository: Repository, change: Change, commit: str, *, fetch: bool
) -> dict[str, ApprovalEntry | None] | None:
    """Return what a commit has at the governed paths of a change; None: it cannot be had."""
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
    """Return the paths that a commit leaves alone, and that the target branch has changed since.

    Whoever looked at the commit saw no change there. One that puts such a path back to what the
    commit has is another change, with the very content of this one.

    Args:
        repository: where the commit is.
        change: what is proposed now.
        commit: the commit that was looked at.
        contents: what it has at the paths of the change.
    """
    began = merge_base(repository.git, change.base, commit) if contents else None
    if began is None:  # of a commit from nowhere nobody can tell
        return frozenset(contents)
    tree = TreeReader(repository.objects, began)
    alone = [path for path, entry in contents.items() if _read_entry(tree, path) == entry]
    return frozenset(list_touched(repository.git, began, change.base, alone) if alone else ())


def _read_entry(tree: TreeReader, path: str) -> ApprovalEntry | None:
    try:
        entry = tree.entry(path)
    except NotAFileError:  # a link or a submodule where the path has a folder
        return None
    return None if entry is None or entry.is_folder else ApprovalEntry(entry.mode, entry.oid)
