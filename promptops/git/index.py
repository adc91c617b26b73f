"""Read the index, and list files that differ from HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import GitError, IntegrityError, NotAFileError

if TYPE_CHECKING:
    from promptops.git.objects import ObjectReader
    from promptops.git.process import Git

_FILE_MODES = frozenset({"100644", "100755"})


class IndexReader:
    """Files below one folder of the index, as a source of prompts. Read once, on first use."""

    __slots__ = ("_entries", "_prefix", "_reader")

    def __init__(self, reader: ObjectReader, prefix: str) -> None:
        """Store the repository's reader and the folder, relative to the repository's top."""
        self._reader = reader
        self._prefix = prefix.strip("/")
        self._entries: dict[str, tuple[str, str]] | None = None

    def read(self, path: str) -> bytes | None:
        """Return a file's staged bytes; None if there is no such file.

        Raises:
            NotAFileError: the path is a symbolic link or a submodule.
            GitError: the index has an unresolved conflict.
            IntegrityError: the file's object is missing.
        """
        entry = self._load().get(path)
        if entry is None:
            return None
        mode, oid = entry
        if mode not in _FILE_MODES:
            message = f"{path} is not a file in the index, and links are never followed"
            raise NotAFileError(message, hint="replace it with the file itself")
        found = self._reader.read(oid)
        if found is None:
            message = f"the content of {path} is missing: object {oid}"
            raise IntegrityError(message, hint="run `git fsck` to list what is broken")
        return found.data

    def paths(self) -> list[str]:
        """List the paths of all staged files below the folder, sorted."""
        return sorted(self._load())

    def beside(self, folder: str) -> IndexReader:
        """Return a reader of another folder of the same index. The folder is relative to the
        top.
        """
        return IndexReader(self._reader, folder)

    def _load(self) -> dict[str, tuple[str, str]]:
        if self._entries is None:
            self._entries = self._list()
        return self._entries

    def _list(self) -> dict[str, tuple[str, str]]:
        git = self._reader.git
        below = f"{self._prefix}/" if self._prefix else ""
        done = git.run("ls-files", "--stage", "-z", "--", f":(top,literal){below}")
        entries = {}
        for line in done.stdout.decode("utf-8", "surrogateescape").split("\0"):
            if not line:
                continue
            facts, _, full = line.partition("\t")
            mode, oid, stage = facts.split(" ")
            if stage != "0":
                message = f"{full} has an unresolved conflict"
                raise GitError(message, hint="resolve it and run `git add`")
            entries[full.removeprefix(below)] = (mode, oid)
        return entries


def uncommitted_paths(git: Git, folder: str) -> frozenset[str]:
    """List the files below a folder, from the repository's top, that differ from HEAD.

    Untracked files count; ignored ones do not. Empty in a bare repository.
    """
    if git.work_tree is None:
        return frozenset()
    done = git.run(
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--",
        f":(top,literal){folder}",
        env={"GIT_OPTIONAL_LOCKS": "0"},
    )
    lines = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    return frozenset(line[3:] for line in lines if line)


def list_staged(git: Git) -> dict[str, str]:
    """Return what the next commit would change: path from the top -> `A`, `M`, `D` or another
    letter.

    Paths marked by `git add -N`, to be added later, are left out.
    """
    args = ("diff", "--cached", "--name-status", "--no-renames", "--ita-invisible-in-index", "-z")
    words = git.run(*args, "--no-ext-diff").stdout.decode("utf-8", "surrogateescape").split("\0")
    return dict(zip(words[1::2], words[0::2], strict=False))
