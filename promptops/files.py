"""Read a file whole, and refuse at once what only stands in its place.

Opening a named pipe waits for somebody to write to it, and a device may never end. Whatever reads
a file of a repository, a cache or a user reads it here.
"""

from __future__ import annotations

import errno
import os
import stat

_REFUSES_LINKS = getattr(os, "O_NOFOLLOW", 0)
# Without waiting: a named pipe would be opened when somebody writes to it.
_READING = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_PART_BYTES = 64 * 1024
# What a shell puts in the place of a file that it writes itself, as in `--vars <(command)`.
_SHELL = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")

# How systems refuse to open a socket.
_IS_SOCKET = {errno.ENXIO, errno.EOPNOTSUPP}
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class IrregularFileError(OSError):
    """Something else stands where a file should."""


def read_file(
    path: str | os.PathLike[str], *, follow: bool = True, limit: int | None = None
) -> bytes:
    """Return a file's bytes.

    Args:
        path: the file.
        follow: whether a symbolic link is followed; otherwise it is an error.
        limit: how many bytes are read at most; None: all.

    Raises:
        IsADirectoryError: it is a folder.
        IrregularFileError: it is a named pipe, a socket or a device.
        OSError: it cannot be read, or is a link that is not followed.
    """
    if not follow and not _REFUSES_LINKS and os.path.islink(path):  # noqa: PTH114 - for many files
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    try:
        file = os.open(path, _READING if follow else _READING | _REFUSES_LINKS)
    except OSError as error:
        if error.errno in _IS_SOCKET:
            _require_regular(stat.S_IFSOCK, path)
        raise
    try:
        _require_regular(os.fstat(file).st_mode, path)
        parts = []
        left = limit
        while left is None or left > 0:
            part = os.read(file, _PART_BYTES if left is None else min(left, _PART_BYTES))
            if not part:
                break
            parts.append(part)
            left = None if left is None else left - len(part)
        return b"".join(parts)
    finally:
        os.close(file)


def read_named(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file that a person names on the command line.

    As `read_file`; but what a shell writes in the place of a file, as for `<(command)`, is read.
    """
    if os.fspath(path).startswith(_SHELL):
        with open(path, "rb") as file:  # noqa: PTH123 - a pipe of the shell's
            return file.read()
    return read_file(path)


def _require_regular(mode: int, path: str | os.PathLike[str]) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "something else")
    raise IrregularFileError(errno.EINVAL, f"{kind}, not a file", os.fspath(path))
