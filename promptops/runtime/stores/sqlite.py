"""Open an SQLite database, and begin to write to it, fairly among processes."""

from __future__ import annotations

import sqlite3
import time

from promptops.runtime.stores.yielding import yield_turn

# A transaction takes less than a tenth of a millisecond. Who wakes up while others are busy only
# takes the processor from them: with first pauses of 4 ms, and not 0.5, eight busy processes write
# 1.7 times as much, and 95 % of the writes never wait (`benchmarks/guards.py`).
_MIN_PAUSE_SECONDS = 0.004
_MAX_PAUSE_SECONDS = 0.008
_MAX_YIELDS = 10
_PRIMARY_CODE = 0xFF


def use_write_ahead_log(connection: sqlite3.Connection, seconds: float) -> None:
    """Let readers read while somebody writes; waits while others do the same to a new file.

    SQLite's own busy handler does not serve this: the statement reads before it locks, and a reader
    who wants to write is refused at once.

    Args:
        connection: to the database.
        seconds: for how long to try.

    Raises:
        sqlite3.OperationalError: others use the file until the end, or something else is wrong.
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


def begin(connection: sqlite3.Connection, seconds: float, *, is_patient: bool = True) -> None:
    """Begin a write transaction, as soon as no other process has one.

    SQLite's own busy handler sleeps up to 100 ms, while newcomers overtake: with eight busy writers
    some wait for seconds.

    Args:
        connection: to the database.
        seconds: for how long to try.
        is_patient: whether to sleep between tries. If not, only let others have a turn, ten times.

    Raises:
        sqlite3.OperationalError: another process has one until the end, or something else is wrong.
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
            if time.monotonic() >= deadline or (not is_patient and yields == _MAX_YIELDS):
                raise
        else:
            return
        if is_patient:
            time.sleep(pause)
            pause = min(pause * 1.5, _MAX_PAUSE_SECONDS)
        else:
            yield_turn()
            yields += 1


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Return whether another process holds the database."""
    # Errors raised by Python's module itself have no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
