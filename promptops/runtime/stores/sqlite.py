"""Open an SQLite database, and begin write transactions with fair waiting."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING

from promptops.runtime.stores.yielding import yield_turn

if TYPE_CHECKING:
    from pathlib import Path

# A transaction takes less than a tenth of a millisecond, and waking up too early only takes the
# processor from the writer. With first pauses of 4 ms instead of 0.5 ms, eight busy processes write
# 1.7 times as much, and 95 % of the writes never wait (`benchmarks/guards.py`).
_MIN_PAUSE_SECONDS = 0.004
_MAX_PAUSE_SECONDS = 0.008
_MAX_YIELDS = 10
_PRIMARY_CODE = 0xFF


def use_write_ahead_log(connection: sqlite3.Connection, seconds: float) -> None:
    """Turn on write-ahead logging, so that reading is possible during a write.

    Waits while other processes do the same to a new file. SQLite's own busy handler does not help
    here, because the statement reads before it locks, and SQLite refuses a reader's lock
    immediately.

    Args:
        connection: the connection.
        seconds: the timeout.

    Raises:
        sqlite3.OperationalError: other processes used the file until the timeout, or another error
            occurred.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
            time.sleep(_MIN_PAUSE_SECONDS)
        else:
            return


def begin(connection: sqlite3.Connection, seconds: float, *, waits: bool = True) -> None:
    """Begin a write transaction, as soon as no other process has one.

    SQLite's own busy handler sleeps up to 100 ms while later callers overtake; with eight busy
    writers, some would wait for seconds.

    Args:
        connection: the connection.
        seconds: the timeout.
        waits: whether to sleep between tries; otherwise only yield the processor, ten times.

    Raises:
        sqlite3.OperationalError: another process had one until the timeout, or another error
            occurred.
    """
    deadline = time.monotonic() + seconds
    pause = _MIN_PAUSE_SECONDS
    yields = 0
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            if time.monotonic() >= deadline or (not waits and yields == _MAX_YIELDS):
                raise
        else:
            return
        if waits:
            time.sleep(pause)
            pause = min(pause * 1.5, _MAX_PAUSE_SECONDS)
        else:
            yield_turn()
            yields += 1


def identify(path: Path) -> tuple[int, int] | None:
    """Return the identity of a database file, to detect a replacement; None if missing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - for every call, and three times as fast
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Return whether another process holds the database."""
    # Errors of Python's module itself have no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
