"""Begin to write to an SQLite database, fairly among processes."""

from __future__ import annotations

import sqlite3
import time

from promptops.runtime.yielding import yield_turn

_MIN_PAUSE_SECONDS = 0.0005
_MAX_PAUSE_SECONDS = 0.005
_PRIMARY_CODE = 0xFF


def begin(
    connection: sqlite3.Connection,
    seconds: float,
    *,
    is_patient: bool = True,
    yields: int = 10,
) -> None:
    """Begin a write transaction, as soon as no other process has one.

    SQLite's own busy handler sleeps up to 100 ms, while newcomers overtake: with eight busy writers
    some wait for seconds.

    Args:
        connection: to the database.
        seconds: for how long to try.
        is_patient: whether to sleep between tries, and not only to let others have a turn.
        yields: how often to do that first. A transaction takes less than a tenth of a millisecond,
            and who sleeps gets its turn much later.

    Raises:
        sqlite3.OperationalError: another process has one until the end, or something else is wrong.
    """
    deadline = time.monotonic() + seconds
    pause = _MIN_PAUSE_SECONDS
    tries = 0
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            tries += 1
            if tries <= yields:
                yield_turn()
                continue
            if not is_patient or time.monotonic() >= deadline:
                raise
        else:
            return
        time.sleep(pause)
        pause = min(pause * 1.5, _MAX_PAUSE_SECONDS)


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Return whether another process holds the database."""
    # Errors raised by Python's module itself have no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
