"""The run log in an SQLite file, shared by the processes of one machine.

With write-ahead logging, reading is possible while another process writes. A commit returns after
its data is passed to the operating system: killed processes lose nothing, a power failure may lose
the last commits. Pages are 4 kB, because a commit writes about six of them; larger pages are slower
and save no space.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from promptops.errors import NotFoundError, PromptopsError
from promptops.runtime.log.log import LogBusyError, LogError
from promptops.runtime.log.migrations import RUN_LOG
from promptops.runtime.log.store import Store
from promptops.runtime.stores.sqlite import begin, identify, is_busy, use_write_ahead_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from promptops.repository.settings.log import LogSettings
    from promptops.runtime.log.database import Row, Schema

T = TypeVar("T")
_WORDS = {
    "{number}": "INTEGER",
    "{bytes}": "BLOB",
    "{real}": "REAL",
    "{identity}": "INTEGER PRIMARY KEY",
    "{keyed}": " WITHOUT ROWID",
}
# The time in seconds that a write waits for another process.
BUSY_SECONDS = 1.0
_CHECKPOINT_PAGES = 8000
# SQLite's older releases take no more than 999 values in a statement.
_MAX_VALUES = 999
_BUSY_SCRUB_SECONDS = 30.0


def open_sqlite(
    path: str,
    settings: LogSettings,
    *,
    clock: Callable[[], float],
    random: Callable[[int], bytes],
    key: Callable[[str], str | None],
    create: bool = True,
) -> Store:
    """Open the log in a file. Raises NotFoundError if it is missing and `create` is false."""
    if not create and not Path(path).exists():
        raise NotFoundError(f"there is no run log at {path}", hint="run a prompt to create it")
    database = SqliteDatabase(Path(path), clock)
    return Store(database, settings, clock=clock, random=random, key=key)


class _SqliteCursor:
    """One transaction on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def insert(self, statement: str, values: Sequence[Any], key: str) -> int | None:
        """Insert a row; return its key; None if it exists already."""
        del key
        cursor = self._connection.execute(statement, values)
        return cursor.lastrowid if cursor.rowcount > 0 else None

    def run_all(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement once for each row of values."""
        done = 0
        if rows:
            # One statement for many rows, because other threads may run after each statement.
            marks = f"({', '.join('?' * len(rows[0]))})"
            several = _MAX_VALUES // len(rows[0])
            many = statement.replace(f"VALUES {marks}", f"VALUES {', '.join([marks] * several)}")
            while many != statement and len(rows) - done >= several:
                some = rows[done : done + several]
                self._connection.execute(many, list(chain.from_iterable(some)))
                done += several
        self._connection.executemany(statement, rows[done:])

    def insert_all(
        self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]], key: str
    ) -> Sequence[int]:
        """Insert rows that do not exist yet; return their keys, in order."""
        # Number rows as SQLite does; no other process writes during this transaction.
        last = self.one(f"SELECT COALESCE(MAX({key}), 0) FROM {table}")
        first = 1 if last is None else int(last[0]) + 1
        keys = range(first, first + len(rows))
        marks = ", ".join("?" * (len(names) + 1))
        self.run_all(
            f"INSERT INTO {table} ({key}, {', '.join(names)}) VALUES ({marks})",
            [(number, *row) for number, row in zip(keys, rows, strict=True)],
        )
        return keys

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query."""
        return self._connection.execute(statement, values)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query."""
        row: Row | None = self._connection.execute(statement, values).fetchone()
        return row


class SqliteDatabase:
    """One file, with a connection to write and one to read.

    A connection does not survive a fork, and the file may be moved or deleted while open. Both are
    detected before the next use, and the file is opened or created again.
    """

    def __init__(self, path: Path, clock: Callable[[], float], schema: Schema = RUN_LOG) -> None:
        self._path = path
        self._schema = schema
        self._clock = clock
        self._reset()
        with self._errors(), self._lock:
            self._connect(writing=True)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._read_lock = threading.RLock()
        self._connections: dict[bool, sqlite3.Connection] = {}
        self._file: tuple[int, int] | None = None

    def write(self, work: Callable[[_SqliteCursor], T], *, wait: bool = True) -> T:
        """Execute a function in one transaction. Raises LogError."""
        self._follow_fork()
        with self._errors(), self._writing(wait=wait) as connection:
            try:
                result = work(_SqliteCursor(connection))
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            return result

    @contextmanager
    def _writing(self, *, wait: bool) -> Iterator[sqlite3.Connection]:
        """Begin a transaction. Opening the file may take as long as another process uses it."""
        lock = self._lock
        if not lock.acquire(blocking=wait):
            raise LogBusyError("another thread writes to the run log")
        try:
            if not wait and (True not in self._connections or self._file != identify(self._path)):
                raise LogBusyError("the run log is not open yet")
            connection = self._connect(writing=True)
            try:
                begin(connection, BUSY_SECONDS, waits=wait)
            except sqlite3.OperationalError as error:
                if wait or not is_busy(error):
                    raise
                raise LogBusyError("another process writes to the run log") from error
            yield connection
        finally:
            lock.release()

    def read(self, work: Callable[[_SqliteCursor], T]) -> T:
        """Execute a reading function in one consistent snapshot."""
        self._follow_fork()
        with self._errors(), self._read_lock:
            connection = self._connect(writing=False)
            connection.execute("BEGIN")
            try:
                return work(_SqliteCursor(connection))
            finally:
                connection.execute("ROLLBACK")

    def scrub(self, tables: Iterable[str]) -> None:
        """Rewrite the file, and empty the write-ahead log.

        `secure_delete` alone is not enough: a row that was moved when a page was split leaves a
        copy in the old page that no deletion reaches.
        """
        del tables
        self._follow_fork()
        with self._errors(), self._lock, self._read_lock:
            connection = self._connect(writing=True)
            connection.execute(f"PRAGMA busy_timeout = {round(_BUSY_SCRUB_SECONDS * 1000)}")
            try:
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute("PRAGMA busy_timeout = 0")
        if busy:
            raise LogError(
                f"deleted rows may remain in the files of {self._schema.what}: another process "
                "is reading it",
                hint="run it again when that process is done",
            )

    def close(self) -> None:
        """Close the connections."""
        if self._pid == os.getpid():
            with self._lock, self._read_lock:
                self._disconnect()

    def _follow_fork(self) -> None:
        if self._pid != os.getpid():
            # Do not touch locks and connections: another thread of the parent may have held the
            # locks, and closing would write to the parent's file.
            _ABANDONED.append((self._connections, self._lock))
            self._reset()

    def _disconnect(self) -> None:
        while self._connections:
            self._connections.popitem()[1].close()
        self._file = None

    def _connect(self, *, writing: bool) -> sqlite3.Connection:
        if self._file is not None and self._file != identify(self._path):
            with self._lock, self._read_lock:
                self._disconnect()
        found = self._connections.get(writing)
        if found is not None:
            return found
        if writing or not self._path.exists():
            self._make_file()
        connection = sqlite3.connect(
            self._path,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
        )
        try:
            connection.execute("PRAGMA page_size = 4096")
            if writing:
                # Creating tables waits by SQLite's own timeout, writing by `_begin`.
                _prepare(connection, self._schema, self._clock())
                connection.execute("PRAGMA busy_timeout = 0")
        except BaseException:
            connection.close()
            raise
        self._connections[writing] = connection
        self._file = identify(self._path)
        return connection

    def _make_file(self) -> None:
        # Readable by its owner only, because it contains what people said.
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except PromptopsError:
            raise
        except (sqlite3.OperationalError, OSError) as error:
            raise LogError(
                f"{self._schema.what} {self._path} cannot be used: {error}",
                hint="check disk space and the file's permissions",
            ) from error
        except sqlite3.DatabaseError as error:
            raise LogError(
                f"{self._schema.what} {self._path} is damaged or another kind of file: {error}",
                hint="restore it from a backup, or move it away",
                is_passing=False,
            ) from error


# Connections inherited by a fork; kept alive so that they are not closed.
_ABANDONED: list[object] = []


def _prepare(connection: sqlite3.Connection, schema: Schema, now: float) -> None:
    use_write_ahead_log(connection, BUSY_SECONDS)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute("PRAGMA secure_delete = FAST")
    connection.execute("PRAGMA foreign_keys = ON")
    version = _version(connection, schema)
    if version == schema.latest:
        return
    if version > schema.latest:
        raise LogError(
            f"{schema.what} has version {version}, and this promptops supports {schema.latest}",
            hint="use the newer promptops that wrote it",
            is_passing=False,
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {schema.versions}"
            " (version INTEGER PRIMARY KEY, applied INTEGER)"
        )
        for number, steps in enumerate(schema.steps, 1):
            if number <= _version(connection, schema):
                continue
            for step in steps:
                connection.execute(_translate(step))
            connection.execute(
                f"INSERT INTO {schema.versions} VALUES (?, ?)", (number, round(now * 1000))
            )
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, schema: Schema) -> int:
    find = "SELECT 1 FROM sqlite_master WHERE name = ?"
    if connection.execute(find, (schema.versions,)).fetchone() is None:
        return 0
    return int(connection.execute(f"SELECT MAX(version) FROM {schema.versions}").fetchone()[0] or 0)


def _translate(step: str) -> str:
    for word, meaning in _WORDS.items():
        step = step.replace(word, meaning)
    return step
