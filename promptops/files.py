"""Read whole files, and refuse named pipes, sockets and devices.

Opening a named pipe blocks until another process writes to it, and reading a device may never end.
This module reads every file of repositories, caches and users.
"""

from __future__ import annotations

import errno
import os
import stat

_REFUSES_LINKS = getattr(os, "O_NOFOLLOW", 0)
# Non-blocking: opening a named pipe would wait for a writer.
_READING = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_PART_BYTES = 64 * 1024
# The paths of a shell's process substitution, as in `--vars <(command)`.
_SHELL = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")

# The error numbers of opening a socket.
_IS_SOCKET = {errno.ENXIO, errno.EOPNOTSUPP}
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class IrregularFileError(OSError):
    """The path is not a regular file."""


def read_file(
    path: str | os.PathLike[str], *, follow: bool = True, limit: int | None = None
) -> bytes:
    """Return a file's bytes.

    Args:
        path: the file.
        follow: whether to follow a symbolic link; otherwise it is an error.
        limit: the maximum number of bytes to read; None: all.

    Raises:
        IsADirectoryError: it is a folder.
        IrregularFileError: it is a named pipe, a socket or a device.
        OSError: it is unreadable, or a link that is not followed.
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
    """Return the bytes of a file named on the command line.

    As `read_file`, but a shell's process substitution, as in `<(command)`, is read too.
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
