"""A ledger in an SQLite file, shared by the processes of one machine.

A commit returns after its data is passed to the operating system: killed processes lose nothing, a
power failure may lose the last commits. Every call is one short transaction, with one writer at a
time.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING

from promptops.runtime.encoding import make_encoder
from promptops.runtime.ledger import (
    LATE_SECONDS,
    PRUNE_SECONDS,
    TIMEOUT_SECONDS,
    Ledger,
    LedgerBusyError,
    LedgerError,
    Reset,
    Standing,
    choose_horizon,
    refuse,
)
from promptops.runtime.stores.sqlite import begin, identify, is_busy, use_write_ahead_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from promptops.runtime.ledger import Charge, Refusal, Settlement, Unit

VERSION = 1
_TABLES = (
    """CREATE TABLE windows (
        name TEXT PRIMARY KEY, used INTEGER NOT NULL, ends_at INTEGER NOT NULL,
        kept_until INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX windows_kept_until ON windows (kept_until)",
    """CREATE TABLE reservations (
        key TEXT PRIMARY KEY, expires_at REAL NOT NULL, charges TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE notes (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, until REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE resets (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
        windows TEXT NOT NULL
    )""",
    "CREATE TABLE prunes (id INTEGER PRIMARY KEY CHECK (id = 1), horizon REAL NOT NULL)",
)
_TAKE = """INSERT INTO windows VALUES {}
    ON CONFLICT (name) DO UPDATE SET used = used + excluded.used RETURNING name, used"""
# Others wait during a prune, so it deletes a limited number of windows at a time.
_MAX_PRUNED = 500
_encode = make_encoder(separators=(",", ":"), is_ascii=True)

# Connections inherited by a fork; kept alive so that they are not closed.
_ABANDONED: list[object] = []


class SqliteLedger(Ledger):
    """A ledger in one file, through one connection of this process.

    A connection does not survive a fork, and the file may be moved or deleted while open. Both are
    detected before the next use, and the file is opened or created again.
    """

    is_remote = False

    def __init__(self, path: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Store the path, whose file the first call creates, and a monotonic clock."""
        self._path = path
        self._monotonic = monotonic
        self._next_prune = monotonic()
        self._renew()

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def reserve(
        self,
        key: str,
        charges: Sequence[Charge],
        *,
        lease_seconds: float,
        now: float,
        wait: bool = True,
    ) -> Refusal | None:
        """Reserve all charges or none; see `Ledger`."""
        with self._use(wait=wait) as connection:
            begin(connection, TIMEOUT_SECONDS, waits=wait)
            try:
                if not _insert(connection, key, charges, now + lease_seconds):
                    connection.execute("ROLLBACK")
                    return None
                after = _take(connection, charges)
                used = {one.window: after[one.window] - one.amount for one in charges}
                is_full = any(one.amount > 0 and after[one.window] > one.limit for one in charges)
                if is_full:
                    connection.execute("ROLLBACK")
                    return refuse(charges, used)
                self._prune(connection, now)
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
        return None

    def settle(
        self,
        key: str,
        amounts: Mapping[Unit, int],
        *,
        now: float,  # noqa: ARG002 - a settlement is never too late here
        wait: bool = True,
    ) -> bool:
        """Replace the reservation of `key` by the actual use; see `Ledger`."""
        with self._write(wait=wait) as connection:
            differences = _delete(connection, key, amounts)
            _correct(connection, differences or ())
        return differences is not None

    def settle_all(
        self,
        settlements: Sequence[Settlement],
        *,
        now: float,  # noqa: ARG002 - as `settle`
        wait: bool = True,
    ) -> None:
        """Settle several reservations in one transaction; see `Ledger`."""
        with self._write(wait=wait) as connection:
            differences: defaultdict[str, int] = defaultdict(int)
            for key, amounts in settlements:
                for window, difference in _delete(connection, key, amounts) or ():
                    differences[window] += difference
            _correct(connection, differences.items())

    def shrink(
        self,
        key: str,
        amounts: Mapping[Unit, int],
        *,
        now: float,  # noqa: ARG002 - as `settle`
        wait: bool = True,
    ) -> bool:
        """Lower the reservation of `key` to these amounts; see `ShrinkableLedger`."""
        with self._write(wait=wait) as connection:
            find = "SELECT charges FROM reservations WHERE key = ?"
            found = connection.execute(find, (key,)).fetchone()
            if found is None:
                return False
            charges = json.loads(found[0])
            kept = [(window, amounts[unit], unit) for window, _, unit in charges]
            connection.execute(
                "UPDATE reservations SET charges = ? WHERE key = ?", (_encode(kept), key)
            )
            _correct(connection, ((one[0], amounts[one[2]] - one[1]) for one in charges))
        return True

    def release(self, key: str, *, now: float, wait: bool = True) -> bool:
        """Delete the reservation of `key`; see `Ledger`."""
        return self.settle(key, {"micros": 0, "calls": 0, "tokens": 0}, now=now, wait=wait)

    def spent(self, windows: Sequence[str], *, now: float) -> Mapping[str, Standing]:
        """Return the use of these windows; see `Ledger`."""
        with self._read() as connection:
            held = _sum_reservations(connection, now)
            found = {}
            for name in windows:
                for row in connection.execute(
                    "SELECT name, used, ends_at FROM windows WHERE name = ?", (name,)
                ):
                    found[name] = Standing(row[0], row[1], held.get(name, 0), row[2])
            return found

    def standings(self, *, now: float) -> Sequence[Standing]:
        """Return every window that has not ended; see `Ledger`."""
        with self._read() as connection:
            held = _sum_reservations(connection, now)
            return [
                Standing(name, used, held.get(name, 0), ends_at)
                for name, used, ends_at in connection.execute(
                    "SELECT name, used, ends_at FROM windows WHERE ends_at > ? ORDER BY name",
                    (now,),
                )
            ]

    def reset(self, windows: Sequence[str], *, by: str, reason: str, now: float) -> Reset:
        """Reset windows to the reservations of running attempts; see `Ledger`."""
        with self._write() as connection:
            held = _sum_reservations(connection, now)
            before = []
            for name in windows:
                for (used,) in connection.execute(
                    "SELECT used FROM windows WHERE name = ?", (name,)
                ).fetchall():
                    before.append((name, int(used)))
                    connection.execute(
                        "UPDATE windows SET used = ? WHERE name = ?", (held.get(name, 0), name)
                    )
            _forget_expired(connection, {name for name, _ in before}, now)
            connection.execute(
                "INSERT INTO resets (at, by, reason, windows) VALUES (?, ?, ?, ?)",
                (now, by, reason, json.dumps(before)),
            )
        return Reset(now, by, reason, tuple(before))

    def resets(self) -> Sequence[Reset]:
        """Return the recorded resets, newest first; see `Ledger`."""
        with self._read() as connection:
            return [
                Reset(at, by, reason, tuple((name, used) for name, used in json.loads(windows)))
                for at, by, reason, windows in connection.execute(
                    "SELECT at, by, reason, windows FROM resets ORDER BY id DESC"
                )
            ]

    def read_note(self, key: str, *, now: float, wait: bool = True) -> str | None:
        """Return the note's text; see `Ledger`."""
        with self._use(wait=wait) as connection:
            return _note(connection, key, now)

    def swap_note(
        self,
        key: str,
        expected: str | None,
        value: str | None,
        *,
        until: float,
        now: float,
        wait: bool = True,
    ) -> bool:
        """Replace a note if it still reads `expected`; see `Ledger`."""
        with self._write(wait=wait) as connection:
            if _note(connection, key, now) != expected:
                return False
            if value is None:
                connection.execute("DELETE FROM notes WHERE key = ?", (key,))
            else:
                connection.execute("REPLACE INTO notes VALUES (?, ?, ?)", (key, value, until))
        return True

    def close(self) -> None:
        """Close the connection; a later call opens the file again."""
        if self._pid == os.getpid():
            with self._lock:
                self._disconnect()

    @contextmanager
    def _write(self, *, wait: bool = True) -> Iterator[sqlite3.Connection]:
        with self._use(wait=wait) as connection:
            begin(connection, TIMEOUT_SECONDS, waits=wait)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """Read in one transaction."""
        with self._use(wait=True) as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(connection)

    @contextmanager
    def _use(self, *, wait: bool) -> Iterator[sqlite3.Connection]:
        if self._pid != os.getpid():
            # Do not touch lock and connection: another thread of the parent may have held the lock,
            # and closing the connection would write to the parent's file.
            _ABANDONED.append((self._connection, self._lock))
            self._renew()
        lock = self._lock
        if not lock.acquire(blocking=wait, timeout=TIMEOUT_SECONDS if wait else -1):
            raise (
                LedgerError("the ledger is used by too many threads at once")
                if wait
                else LedgerBusyError("another thread uses the ledger")
            )
        try:
            yield self._connect(wait=wait)
        except sqlite3.OperationalError as error:
            if not wait and is_busy(error):
                raise LedgerBusyError("another process uses the ledger") from error
            raise self._error(error) from error
        except OSError as error:
            raise self._error(error) from error
        except sqlite3.DatabaseError as error:
            raise LedgerError(
                f"the ledger {self._path} is damaged or not a ledger: {error}",
                hint="move it away to start counting again",
            ) from error
        finally:
            lock.release()

    def _error(self, error: Exception) -> LedgerError:
        return LedgerError(
            f"the ledger {self._path} cannot be used: {error}",
            hint="check disk space and the file's permissions",
        )

    def _connect(self, *, wait: bool) -> sqlite3.Connection:
        if self._connection is not None:
            if self._file == identify(self._path):
                return self._connection
            self._disconnect()
        if not wait:
            raise LedgerBusyError("the ledger is not open yet")
        # Readable by its owner only, because it records who spends how much.
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=TIMEOUT_SECONDS
        )
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._file = connection, identify(self._path)
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._file = None

    def _prune(self, connection: sqlite3.Connection, now: float) -> None:
        """Delete reservations that can no longer be settled, and old windows and notes."""
        if self._monotonic() < self._next_prune:
            return
        rows = connection.execute("SELECT horizon FROM prunes").fetchall()
        horizon = choose_horizon(rows[0][0] if rows else None, now)
        connection.execute("REPLACE INTO prunes VALUES (1, ?)", (horizon,))
        done = connection.execute(
            "DELETE FROM windows WHERE name IN"
            " (SELECT name FROM windows WHERE kept_until < ? LIMIT ?)",
            (horizon, _MAX_PRUNED),
        )
        connection.execute(
            "DELETE FROM reservations WHERE expires_at < ?", (horizon - LATE_SECONDS,)
        )
        connection.execute("DELETE FROM notes WHERE until <= ?", (horizon,))
        if done.rowcount < _MAX_PRUNED:
            self._next_prune = self._monotonic() + PRUNE_SECONDS


def _insert(
    connection: sqlite3.Connection, key: str, charges: Sequence[Charge], expires_at: float
) -> bool:
    """Insert a reservation; return False if it exists."""
    kept = _encode([(one.window, one.amount, one.unit) for one in charges])
    done = connection.execute(
        "INSERT INTO reservations VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (key, expires_at, kept)
    )
    return done.rowcount > 0


def _delete(
    connection: sqlite3.Connection, key: str, amounts: Mapping[Unit, int]
) -> list[tuple[str, int]] | None:
    """Delete a reservation; return the changes of its windows, or None if it does not exist."""
    found = connection.execute(
        "DELETE FROM reservations WHERE key = ? RETURNING charges", (key,)
    ).fetchall()
    if not found:
        return None
    return [
        (window, amounts.get(unit, amount) - amount)
        for window, amount, unit in json.loads(found[0][0])
    ]


def _correct(connection: sqlite3.Connection, differences: Iterable[tuple[str, int]]) -> None:
    for window, difference in differences:
        if difference:
            connection.execute(
                "UPDATE windows SET used = used + ? WHERE name = ?", (difference, window)
            )


def _take(connection: sqlite3.Connection, charges: Sequence[Charge]) -> dict[str, int]:
    """Add charges to their windows; return the new use."""
    rows = [(one.window, one.amount, one.ends_at, one.kept_until) for one in charges]
    statement = _TAKE.format(", ".join(["(?, ?, ?, ?)"] * len(rows)))
    return dict(connection.execute(statement, list(chain.from_iterable(rows))).fetchall())


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
    # Opening an existing ledger needs no lock.
    if _version(connection) == 0:
        use_write_ahead_log(connection, TIMEOUT_SECONDS)
        connection.execute("PRAGMA busy_timeout = 0")
        begin(connection, TIMEOUT_SECONDS)
        try:
            if _version(connection) == 0:
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
    if _version(connection) != VERSION:
        raise LedgerError(
            f"the ledger has version {_version(connection)}, and this promptops supports {VERSION}",
            hint="use the newer promptops that wrote it",
        )
    # `_begin` waits for locks.
    connection.execute("PRAGMA busy_timeout = 0")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _sum_reservations(connection: sqlite3.Connection, now: float) -> dict[str, int]:
    held: dict[str, int] = {}
    for (charges,) in connection.execute(
        "SELECT charges FROM reservations WHERE expires_at > ?", (now,)
    ):
        for window, amount, _ in json.loads(charges):
            held[window] = held.get(window, 0) + amount
    return held


def _forget_expired(connection: sqlite3.Connection, windows: set[str], now: float) -> None:
    """Drop windows from expired reservations, so that a late settlement cannot go below 0."""
    expired = connection.execute(
        "SELECT key, charges FROM reservations WHERE expires_at <= ?", (now,)
    ).fetchall()
    for key, charges in expired:
        kept = [one for one in json.loads(charges) if one[0] not in windows]
        connection.execute(
            "UPDATE reservations SET charges = ? WHERE key = ?", (json.dumps(kept), key)
        )


def _note(connection: sqlite3.Connection, key: str, now: float) -> str | None:
    row = connection.execute(
        "SELECT value FROM notes WHERE key = ? AND until > ?", (key, now)
    ).fetchone()
    return None if row is None else str(row[0])
