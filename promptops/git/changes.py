"""Merge two commits, and compare two trees.

Everything is read from objects. A work tree's attributes, configuration and rename detection do not
influence what counts as changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promptops.errors import GitError
from promptops.git.history import merge_base, rev_list
from promptops.git.objects import parse_commit
from promptops.git.process import failure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from promptops.git.objects import Commit, ObjectReader
    from promptops.git.process import Git

_MAX_NAMED = 3
_ABSENT = "000000"
_MAX_ARGUMENTS = 200


@dataclass(frozen=True, slots=True)
class TreeChange:
    """One path that differs between two trees.

    Attributes:
        path: from the repository's top; bytes that are not UTF-8 as surrogates.
        before: mode and object id in the first tree; None if absent.
        after: the same in the second.
    """

    path: str
    before: tuple[str, str] | None
    after: tuple[str, str] | None


def merge_trees(git: Git, base: str, head: str) -> str:
    """Return the id of the tree that results from merging `head` into `base`. Changes no ref or
    file.

    Raises:
        GitError: the two conflict (the message names the paths), or git failed.
    """
    # Without a work tree, so that its .gitattributes cannot choose a merge driver.
    away = replace(git, work_tree=None)
    args = ("-c", "core.bare=true", "merge-tree", "--write-tree", "-z", "--name-only")
    done = away.run(*args, "--no-messages", base, head, check=False)
    parts = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    if done.code == 0:
        return parts[0]
    if done.code != 1:
        raise failure(args, done)
    paths = list(dict.fromkeys(path for path in parts[1:] if path))
    named = ", ".join(paths[:_MAX_NAMED]) + (" and others" if len(paths) > _MAX_NAMED else "")
    raise GitError(
        f"the change does not merge: conflict in {named}",
        hint="merge or rebase onto the target branch, and resolve it there",
    )


def require_merge_base(git: Git, base: str, head: str) -> str:
    """Return the best common ancestor of two commits.

    Raises:
        GitError: they have none: the clone is shallow, or the histories are unrelated.
    """
    found = merge_base(git, base, head)
    if found is not None:
        return found
    if git.is_shallow:
        raise GitError(
            "this shallow clone lacks the commit where the change began",
            hint="run git fetch --unshallow (GitHub Actions: actions/checkout with fetch-depth: 0)",
        )
    raise GitError(
        f"{base[:12]} and {head[:12]} have no common ancestor",
        hint="check the base: promptops gate --base REV",
    )


def list_tree_changes(git: Git, before: str, after: str) -> list[TreeChange]:
    """List what differs between two commits or trees, sorted by path.

    A rename is a removal and an addition, since each path may have its own owners.
    """
    args = (
        *("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff"),
        *("--ignore-submodules=none", "--end-of-options", before, after),
    )
    fields = git.run(*args).stdout.decode("utf-8", "surrogateescape").split("\0")
    changes = []
    for head, path in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, _ = head.removeprefix(":").split(" ")
        changes.append(
            TreeChange(
                path,
                None if old_mode == _ABSENT else (old_mode, old),
                None if new_mode == _ABSENT else (new_mode, new),
            )
        )
    return sorted(changes, key=lambda change: change.path)


def list_touched(git: Git, base: str, tip: str, paths: Collection[str]) -> set[str]:
    """List which of some paths were changed by any commit reachable from `tip` and not from `base`.

    A path that was changed and changed back is included, and so is one that a merge changed.
    """
    # Too many paths for a command line: list all changes and filter.
    wanted = [*paths] if len(paths) <= _MAX_ARGUMENTS else []
    commits = git.run(
        *("--literal-pathspecs", "rev-list", "--full-history", "--end-of-options"),
        *(f"{base}..{tip}", "--", *wanted),
    ).stdout
    if not commits:
        return set()
    done = git.run(
        *("--literal-pathspecs", "diff-tree", "--stdin", "-r", "-m", "-z", "--name-only"),
        *("--no-commit-id", "--no-renames", "--no-ext-diff", "--ignore-submodules=none"),
        *("--", *wanted),
        stdin=commits,
    )
    names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    return set(paths).intersection(names)


def read_commits(
    git: Git, reader: ObjectReader, base: str, head: str
) -> Iterator[tuple[str, Commit]]:
    """Read the commits that are reachable from `head` and not from `base`, with their ids."""
    oids = rev_list(git, head, exclude=base, first_parent=False)
    for found in reader.read_many(oids):
        if found is None:
            raise GitError("a commit of the change is not in this clone", hint="run git fetch")
        yield found.oid, parse_commit(found.data)


def adds_nothing(git: Git, commit: Commit) -> bool:
    """Return whether a commit is a merge of two others and changes nothing beyond the automatic
    merge.
    """
    if len(commit.parents) != 2:
        return False
    try:
        return merge_trees(git, *commit.parents) == commit.tree
    except GitError:  # a conflict that a person resolved
        return False


_CO_AUTHOR = re.compile(r"^co-authored-by:.*<([^<>\n]+)>[ \t]*$", re.IGNORECASE | re.MULTILINE)


def co_authors(message: str) -> Sequence[str]:
    """Return the e-mail addresses in a commit message's `Co-authored-by` trailers."""
    return _CO_AUTHOR.findall(message)
