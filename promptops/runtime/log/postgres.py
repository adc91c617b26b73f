"""The run log in PostgreSQL, shared by the processes of many machines."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from promptops.errors import PromptopsError
from promptops.runtime.log.log import LogBusyError, LogError
from promptops.runtime.log.migrations import RUN_LOG
from promptops.runtime.log.store import Store
from promptops.runtime.stores.tls import secure_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import psycopg

    from promptops.repository.settings.log import LogSettings
    from promptops.runtime.log.database import Row, Schema

T = TypeVar("T")
_WORDS = {
    "{number}": "BIGINT",
    "{bytes}": "BYTEA",
    "{real}": "DOUBLE PRECISION",
    "{identity}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "{keyed}": "",
}
# Two processes that find an empty database must not both create the tables.
_MIGRATION_LOCK = 0x70726F6D70746F
_CONNECT_SECONDS = 2
_LOCK_SECONDS = 5
_TRIES = 3


def open_postgres(
    url: str,
    settings: LogSettings,
    *,
    clock: Callable[[], float],
    random: Callable[[int], bytes],
    key: Callable[[str], str | None],
) -> Store:
    """Open the log in a database; create missing tables."""
    try:
        import psycopg  # noqa: F401 -- to say early that it is missing
    except ImportError as error:
        raise PromptopsError(
            "a run log in PostgreSQL needs the package psycopg",
            hint="pip install 'git-promptops[postgres]'",
        ) from error
    return Store(PostgresDatabase(url, clock), settings, clock=clock, random=random, key=key)


class _PostgresCursor:
    """One transaction on a connection."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; return how many rows it changed."""
        count: int = self._execute(statement, values).rowcount
        return count

    def insert(self, statement: str, values: Sequence[Any], key: str) -> int | None:
        """Insert a row; return its key; None if it exists already."""
        row: Row | None = self._execute(f"{statement} RETURNING {key}", values).fetchone()
        return None if row is None else int(row[0])

    def run_all(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement once for each row of values."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_translate_marks(statement), rows)

    def insert_all(
        self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]], key: str
    ) -> Sequence[int]:
        """Insert rows that do not exist yet; return their keys, in order."""
        if not rows:
            return []
        marks = ", ".join("?" * len(names))
        insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks}) RETURNING {key}"
        keys: list[int] = []
        with self._connection.cursor() as cursor:
            cursor.executemany(_translate_marks(insert), rows, returning=True)
            while True:
                keys += (int(row[0]) for row in cursor)
                if not cursor.nextset():
                    return keys

    def rows(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query."""
        return iter(self._execute(statement, values))

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query."""
        row: Row | None = self._execute(statement, values).fetchone()
        return row

    def _execute(self, statement: str, values: Sequence[Any]) -> psycopg.Cursor[Row]:
        return self._connection.execute(_translate_marks(statement), list(values))


def _translate_marks(statement: str) -> bytes:
    """Return a statement with the marks for values that psycopg knows."""
    return statement.replace("%", "%%").replace("?", "%s").encode()


class PostgresDatabase:
    """One database, through one connection of this process.

    A write with a broken connection is repeated on a new one. All writes are idempotent, so a lost
    reply does not count twice.
    """

    def __init__(self, url: str, clock: Callable[[], float], schema: Schema = RUN_LOG) -> None:
        self._url = url
        self._schema = schema
        self._clock = clock
        self._reset()
        self.read(lambda _: None)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: psycopg.Connection[Row] | None = None

    def write(self, work: Callable[[_PostgresCursor], T], *, wait: bool = True) -> T:
        """Execute a function in one transaction. Raises LogError."""
        if not wait:
            raise LogBusyError("the run log is on a server")
        return self._do(work)

    def read(self, work: Callable[[_PostgresCursor], T]) -> T:
        """Execute a reading function in one consistent snapshot."""
        return self._do(work, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def scrub(self, tables: Iterable[str]) -> None:
        """Vacuum deleted rows."""
        names = ", ".join(tables)
        self._retry(lambda connection: connection.execute(f"VACUUM (ANALYZE) {names}".encode()))

    def close(self) -> None:
        """Close the connection."""
        if self._pid == os.getpid():
            with self._lock:
                self._disconnect()

    def _do(self, work: Callable[[_PostgresCursor], T], first: str | None = None) -> T:
        def attempt(connection: psycopg.Connection[Row]) -> T:
            with connection.transaction():
                if first is not None:
                    connection.execute(first.encode())
                return work(_PostgresCursor(connection))

        return self._retry(attempt)

    def _retry(self, attempt: Callable[[psycopg.Connection[Row]], T]) -> T:
        import psycopg

        if self._pid != os.getpid():
            # the parent's connection: closing it would end it there too
            _ABANDONED.append(self._connection)
            self._reset()
        with self._lock:
            for number in range(1, _TRIES + 1):
                try:
                    return attempt(self._connect())
                except (
                    psycopg.errors.ForeignKeyViolation,  # a text was removed while it was used
                    psycopg.errors.UniqueViolation,  # another process was first
                    psycopg.errors.DeadlockDetected,
                    psycopg.errors.SerializationFailure,
                ) as error:
                    if number == _TRIES:
                        raise self._error(error) from error
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    self._disconnect()
                    # Retry once on a new connection, without waiting for the server.
                    if number > 1:
                        raise self._error(error) from error
                except psycopg.Error as error:
                    raise self._error(error) from error
        raise AssertionError("unreachable")

    def _error(self, error: psycopg.Error) -> LogError:
        # The message may quote the URL's host, never its password.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return LogError(
            f"{self._schema.what} in PostgreSQL cannot be used: {lines[0]}",
            hint="check that the server runs and accepts connections",
        )

    def _connect(self) -> psycopg.Connection[Row]:
        import psycopg

        if self._connection is None or self._connection.closed:
            connection: psycopg.Connection[Row] = psycopg.connect(
                secure_postgres(self._url, os.environ),
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                application_name="promptops",
            )
            try:
                connection.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'".encode())
                self._migrate(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _migrate(self, connection: psycopg.Connection[Row]) -> None:
        schema = self._schema

        def version() -> int:
            row = connection.execute(
                "SELECT to_regclass(%s) IS NOT NULL", [schema.versions]
            ).fetchone()
            if row is None or not row[0]:
                return 0
            statement = f"SELECT MAX(version) FROM {schema.versions}"
            found = connection.execute(statement.encode()).fetchone()
            return 0 if found is None or found[0] is None else int(found[0])

        if version() > schema.latest:
            raise LogError(
                f"{schema.what} has version {version()}, and this promptops supports "
                f"{schema.latest}",
                hint="use the newer promptops that wrote it",
                is_passing=False,
            )
        if version() == schema.latest:
            return
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
            made = f"CREATE TABLE IF NOT EXISTS {schema.versions}"
            connection.execute(f"{made} (version BIGINT PRIMARY KEY, applied BIGINT)".encode())
            done = version()
            for number, steps in enumerate(schema.steps, 1):
                if number <= done:
                    continue
                for step in steps:
                    connection.execute(_translate(step).encode())
                connection.execute(
                    f"INSERT INTO {schema.versions} VALUES (%s, %s)".encode(),
                    [number, round(self._clock() * 1000)],
                )


# Connections inherited by a fork.
_ABANDONED: list[object] = []


def _translate(step: str) -> str:
    for word, meaning in _WORDS.items():
        step = step.replace(word, meaning)
    return step
