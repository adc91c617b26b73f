"""Find the commits that wrote each line of a file, or that touched some files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.git.objects import Identity
from promptops.git.process import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.git.process import Git

_HEAD = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) [0-9]+ ([0-9]+)(?: [0-9]+)?")

# Commits to ignore in blame are reformattings of code; in a prompt every byte counts. An empty name
# clears the configured list.
_NOTHING_IGNORED = "--ignore-revs-file="


@dataclass(frozen=True, slots=True)
class CommitSummary:
    """A commit's id, author and subject line."""

    oid: str
    author: Identity
    subject: str


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """One line of a file and the commit that wrote it.

    Attributes:
        commit: the commit that wrote it; None while it is not committed.
        author: the author and time; None while it is not committed.
        line: its number in the blamed file, from 1.
        text: its text without the newline.
    """

    commit: str | None
    author: Identity | None
    line: int
    text: str


def blame_file(git: Git, path: str, commit: str | None = None) -> list[BlamedLine] | None:
    """Blame every line of a file.

    Args:
        git: the repository.
        path: the file, relative to the repository's top.
        commit: the id of the commit that holds the file; None: the work tree.

    Returns:
        The lines in order; None if no commit has the file.

    Raises:
        GitError: git failed.
    """
    revision = () if commit is None else (commit,)
    args = ("blame", "--porcelain", _NOTHING_IGNORED, *revision, "--", path)
    done = git.run(*args, check=False)
    if done.code != 0:
        if "no such path" in done.stderr or "no such ref: HEAD" in done.stderr:
            return None
        raise failure(args, done)
    return list(_parse(done.stdout))


def _parse(output: bytes) -> Iterator[BlamedLine]:
    """Parse the porcelain format, which gives a commit's headers only with its first line."""
    authors: dict[bytes, Identity] = {}
    headers: dict[bytes, bytes] = {}
    oid, number = b"", 0
    for row in output.split(b"\n"):
        found = _HEAD.fullmatch(row) if not headers else None
        if row.startswith(b"\t"):
            if b"author" in headers:
                authors[oid] = _identity(headers)
            headers = {}
            committed = oid.strip(b"0") != b""
            yield BlamedLine(
                commit=oid.decode() if committed else None,
                author=authors[oid] if committed else None,
                line=number,
                text=row[1:].removesuffix(b"\r").decode("utf-8", "replace"),
            )
        elif found:
            oid, number = found[1], int(found[2])
            headers = {b"": b""}
        else:
            key, _, value = row.partition(b" ")
            headers[key] = value


def _identity(headers: dict[bytes, bytes]) -> Identity:
    def text(key: bytes) -> str:
        return headers.get(key, b"").decode("utf-8", "surrogateescape")

    return Identity(
        text(b"author"),
        text(b"author-mail").removeprefix("<").removesuffix(">"),
        int(text(b"author-time") or 0),
        text(b"author-tz"),
    )


def read_parents(git: Git, tips: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the parents of every ancestor of `tips`, in one git process.

    Raises:
        GitError: a tip is not in this repository, or git failed.
    """
    lines = "".join(f"{tip}\n" for tip in tips)
    if not lines:
        return {}
    rows = git.run("rev-list", "--parents", "--stdin", stdin=lines.encode()).text.split("\n")
    return {oid: tuple(parents) for oid, *parents in map(str.split, filter(None, rows))}


def list_touching(
    git: Git, paths: Sequence[str], commit: str, since: str | None = None
) -> list[CommitSummary]:
    """List the commits that touched files, newest first.

    Args:
        git: the repository.
        paths: the files, relative to the repository's top.
        commit: the id of the commit whose history is searched.
        since: the id of a commit whose history is excluded; None: search all.

    Raises:
        GitError: a commit is not in this repository, or git failed.
    """
    revisions = (commit,) if since is None else (commit, f"^{since}")
    done = git.run(
        *("--literal-pathspecs", "log", "-z", "--no-show-signature", "--encoding=UTF-8"),
        *("--format=%H%n%an%n%ae%n%at %ad%n%s", "--date=format:%z", *revisions, "--", *paths),
    )
    found = []
    for row in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
        if row:
            oid, name, email, when, subject = row.split("\n", 4)
            seconds, _, zone = when.partition(" ")
            found.append(CommitSummary(oid, Identity(name, email, int(seconds), zone), subject))
    return found
