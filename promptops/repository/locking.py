"""Lock a file against other processes.

The system releases a lock when its process dies, so none is left over. (`filelock` does the same;
importing it takes 75 ms of processor time, this takes none.)
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FileLock:
    """A lock on one file, which exists only for this purpose and is not deleted."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle: int | None = None

    @contextlib.contextmanager
    def held(self, *, waits: bool = True) -> Iterator[None]:
        """Hold the lock. If another process holds it, wait if `waits` is true.

        Raises:
            BlockingIOError: another process holds it, and `waits` is false.
            OSError: the file cannot be created.
        """
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._handle = handle
        try:
            _lock(handle, waits=waits)
            try:
                yield
            finally:
                _unlock(handle)
        finally:
            if self._handle is not None:
                os.close(handle)
            self._handle = None

    def forget(self) -> None:
        """Close the parent's file in a forked child, without releasing its lock."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None


def hold(handle: int) -> None:
    """Lock an open file until it is closed, so that `remove_unless_held` leaves it alone."""
    # On Windows nobody could read a locked file, and an open one cannot be deleted.
    if sys.platform != "win32":
        # Some network file systems have no locks.
        with contextlib.suppress(OSError):
            _lock(handle, waits=False)


def remove_unless_held(file: Path) -> None:
    """Delete a file, if it exists, unless another process holds it."""
    with contextlib.suppress(FileNotFoundError, BlockingIOError, PermissionError):
        if sys.platform == "win32":
            file.unlink()
            return
        handle = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            _lock(handle, waits=False)
            file.unlink()
        finally:
            os.close(handle)


def _lock(handle: int, *, waits: bool) -> None:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if waits else msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unlock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        # Explicitly: a forked child may hold a copy of the handle.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)
