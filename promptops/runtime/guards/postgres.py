"""A ledger in PostgreSQL, shared by the processes of many machines.

Each call is one function of the database, one transaction and one round trip. Reservations of the
same window are serialised by advisory locks, taken in a fixed order to avoid deadlocks. Data
expires by the server's clock, so a client's clock cannot empty a window early.
"""

from __future__ import annotations

import json
import os
import selectors
import threading
import time
from functools import cache
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from promptops.errors import PromptopsError
from promptops.runtime.guards.outage import Outage
from promptops.runtime.guards.postgres_tables import TABLES, VERSION
from promptops.runtime.ledger import (
    LATE_SECONDS,
    PRUNE_SECONDS,
    TIMEOUT_SECONDS,
    Ledger,
    LedgerBusyError,
    LedgerError,
    Reset,
    Standing,
    refuse,
)
from promptops.runtime.stores.tls import secure_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.ledger import Charge, Refusal, Settlement, Unit

# Two processes that find an empty database must not both create the tables.
_MIGRATION_LOCK = 0x70726F6D6C6564
_MAX_CONNECTIONS = 16
_MAX_PRUNED = 500

_RESERVE = "SELECT promptops_ledger_reserve(%s, %s, %s, %s::jsonb)"
_SETTLE_ALL = (
    "SELECT count(promptops_ledger_settle(one.key, one.amounts::jsonb))"
    " FROM unnest(%s::text[], %s::text[]) AS one (key, amounts)"
)
_SETTLE = "SELECT promptops_ledger_settle(%s, %s::jsonb)"
_SPENT = """SELECT w.name, w.used, coalesce(h.held, 0), w.ends_at
    FROM promptops_ledger_windows w LEFT JOIN promptops_ledger_held(%s) h USING (name)"""

# Connections inherited by a fork; kept alive so that they are not closed.
_ABANDONED: list[object] = []


class PostgresLedger(Ledger):
    """A ledger in one database, with one connection for each concurrent thread."""

    is_remote = True

    def __init__(self, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Store the URL (`postgresql://`) and a monotonic clock.

        Raises PromptopsError if the package is missing or the URL is malformed.
        """
        try:
            import psycopg
        except ImportError as error:
            raise PromptopsError(
                "a ledger in PostgreSQL needs the package psycopg",
                hint="pip install 'git-promptops[postgres]'",
            ) from error
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # The error may quote a part of the password.
            raise PromptopsError(
                "the address of the ledger is not a PostgreSQL URL",
                hint="write postgresql://HOST:PORT/DATABASE; in a password, write @ as %40",
            ) from None
        self._url = url
        self._monotonic = monotonic
        self._outage = Outage(monotonic)
        self._next_prune = monotonic()
        self._renew()

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._free: list[Any] = []
        self._places = threading.Semaphore(_MAX_CONNECTIONS)

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
        rows = [
            [one.window, one.limit, one.amount, one.unit, one.ends_at, one.kept_until - now]
            for one in charges
        ]
        values = [key, now + lease_seconds, lease_seconds + LATE_SECONDS, json.dumps(rows)]

        def ask(connection: Any) -> Any:  # noqa: ANN401 - psycopg is an extra
            found = _one(connection, _RESERVE, values)
            if self._monotonic() >= self._next_prune:
                count = _one(connection, "SELECT promptops_ledger_prune(%s)", [_MAX_PRUNED])
                if count < _MAX_PRUNED:
                    self._next_prune = self._monotonic() + PRUNE_SECONDS
            return found

        used = self._ask(ask, wait=wait)
        return None if used is None else refuse(charges, used)

    def settle(
        self,
        key: str,
        amounts: Mapping[Unit, int],
        *,
        now: float,  # noqa: ARG002 - a settlement is never too late here
        wait: bool = True,
    ) -> bool:
        """Replace the reservation of `key` by the actual use; see `Ledger`."""
        values = [key, json.dumps(dict(amounts))]
        return bool(self._ask(lambda connection: _one(connection, _SETTLE, values), wait=wait))

    def settle_all(
        self,
        settlements: Sequence[Settlement],
        *,
        now: float,  # noqa: ARG002 - as `settle`
        wait: bool = True,
    ) -> None:
        """Settle several reservations in one transaction; see `Ledger`."""
        # Sorted, so that two processes never wait for each other.
        pairs = sorted((key, json.dumps(dict(amounts))) for key, amounts in settlements)
        values = [[key for key, _ in pairs], [amounts for _, amounts in pairs]]
        self._ask(lambda connection: _one(connection, _SETTLE_ALL, values), wait=wait)

    def release(self, key: str, *, now: float, wait: bool = True) -> bool:
        """Delete the reservation of `key`; see `Ledger`."""
        return self.settle(key, {"micros": 0, "calls": 0, "tokens": 0}, now=now, wait=wait)

    def spent(self, windows: Sequence[str], *, now: float) -> Mapping[str, Standing]:
        """Return the use of these windows; see `Ledger`."""
        rows = self._rows(f"{_SPENT} WHERE w.name = ANY (%s)", [now, list(windows)])
        return {row[0]: Standing(*row) for row in rows}

    def standings(self, *, now: float) -> Sequence[Standing]:
        """Return every window that has not ended; see `Ledger`."""
        rows = self._rows(f"{_SPENT} WHERE w.ends_at > %s ORDER BY w.name", [now, now])
        return [Standing(*row) for row in rows]

    def reset(self, windows: Sequence[str], *, by: str, reason: str, now: float) -> Reset:
        """Reset windows to the reservations of running attempts; see `Ledger`."""
        statement = "SELECT promptops_ledger_reset(%s, %s, %s, %s::text[])"
        values = [now, by, reason, list(windows)]
        before = self._ask(lambda connection: _one(connection, statement, values))
        return Reset(now, by, reason, tuple((name, used) for name, used in before))

    def resets(self) -> Sequence[Reset]:
        """Return the recorded resets, newest first; see `Ledger`."""
        rows = self._rows(
            "SELECT at, by, reason, windows FROM promptops_ledger_resets ORDER BY id DESC", []
        )
        return [
            Reset(at, by, reason, tuple((name, used) for name, used in windows))
            for at, by, reason, windows in rows
        ]

    def read_note(self, key: str, *, now: float, wait: bool = True) -> str | None:  # noqa: ARG002
        """Return the note's text; see `Ledger`."""
        statement = """SELECT max(value) FROM promptops_ledger_notes
            WHERE key = %s AND kept_until > clock_timestamp()"""
        text: str | None = self._ask(
            lambda connection: _one(connection, statement, [key]), wait=wait
        )
        return text

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
        statement = "SELECT promptops_ledger_swap(%s, %s, %s, %s)"
        values = [key, expected, value, until - now]
        return bool(self._ask(lambda connection: _one(connection, statement, values), wait=wait))

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        if self._pid == os.getpid():
            self._drop_free()

    def _rows(self, statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._ask(
            lambda connection: connection.execute(statement, values).fetchall()
        )
        return rows

    def _ask(self, question: Callable[[Any], Any], *, wait: bool = True) -> Any:  # noqa: ANN401
        """Execute a call, and repeat it on a new connection if one broke. All calls may be
        repeated.
        """
        if not wait:
            raise LedgerBusyError("the ledger is reached over the network")
        if self._pid != os.getpid():
            # Closing the parent's connections would end them there too.
            _ABANDONED.append((self._free, self._lock, self._places))
            self._renew()
        self._outage.check()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        places = self._places
        if not places.acquire(timeout=TIMEOUT_SECONDS):
            raise LedgerError("the ledger is used by too many threads at once")
        try:
            try:
                answer = self._try(question, deadline)
            except _BrokenError:
                self._drop_free()
                answer = self._try(question, deadline)
        except _BrokenError as error:
            found = _error(error)
            self._outage.begin(found)
            raise found from error.__cause__
        finally:
            places.release()
        self._outage.end()
        return answer

    def _try(self, question: Callable[[Any], Any], deadline: float) -> Any:  # noqa: ANN401
        import psycopg

        with self._lock:
            connection = self._free.pop() if self._free else None
        if connection is None:
            connection = self._connect(deadline)
        connection.deadline = deadline
        try:
            answer = question(connection)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
            connection.close()
            raise _BrokenError(str(error)) from error
        except psycopg.Error as error:
            is_broken = connection.broken
            connection.close()
            if is_broken:
                raise _BrokenError(str(error)) from error
            raise _error(error) from error
        except BaseException:
            # The call was interrupted; its answer would be read as the next call's.
            connection.close()
            raise
        with self._lock:
            self._free.append(connection)
        return answer

    def _connect(self, deadline: float) -> Any:  # noqa: ANN401
        """Connect in a thread, because name lookup and connecting can take minutes."""
        import psycopg

        answers: SimpleQueue[Any] = SimpleQueue()
        is_late = threading.Event()

        def connect() -> None:
            try:
                connection = _connection_class().connect(
                    secure_postgres(self._url, os.environ),
                    autocommit=True,
                    prepare_threshold=None,
                    connect_timeout=2,
                    application_name="promptops",
                )
            except Exception as error:  # noqa: BLE001 - raised where the result is awaited
                answers.put(error)
                return
            answers.put(connection)
            if is_late.is_set():
                connection.close()

        threading.Thread(target=connect, daemon=True).start()
        try:
            found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            is_late.set()
            raise _BrokenError("the server does not answer") from None
        if isinstance(found, Exception):
            raise _BrokenError(str(found)) from found
        found.deadline = deadline
        try:
            _prepare(found)
        except psycopg.OperationalError as error:
            found.close()
            raise _BrokenError(str(error)) from error
        except psycopg.Error as error:
            found.close()
            raise _error(error) from error
        except BaseException:
            found.close()
            raise
        return found

    def _drop_free(self) -> None:
        with self._lock:
            connections, self._free = self._free, []
        for connection in connections:
            connection.close()


class _BrokenError(Exception):
    """The connection broke, or could not be made."""


@cache
def _connection_class() -> Any:  # noqa: ANN401 - psycopg is an extra
    import psycopg

    class Connection(psycopg.Connection):  # type: ignore[misc]  # psycopg is an extra
        """A connection whose calls all end at `deadline`, even if the server does not answer."""

        deadline = float("inf")

        def wait(self, gen: Any, *_args: Any, **_options: Any) -> Any:  # noqa: ANN401
            """Wait for an answer with a timeout; psycopg itself has none."""
            try:
                state = next(gen)
                with selectors.DefaultSelector() as selector:
                    selector.register(self.pgconn.socket, state)
                    while True:
                        ready = selector.select(max(0.0, self.deadline - time.monotonic()))
                        if not ready:
                            self.pgconn.finish()
                            message = "the server does not answer"
                            raise psycopg.OperationalError(message)
                        after = gen.send(ready[0][1])
                        if after != state:
                            state = after
                            selector.modify(self.pgconn.socket, state)
            except StopIteration as end:
                return end.value

    return Connection


def _prepare(connection: Any) -> None:  # noqa: ANN401
    """Create missing tables."""
    milliseconds = round(TIMEOUT_SECONDS * 1000)
    connection.execute(f"SET statement_timeout = {milliseconds}")
    version = _version(connection)
    if version == 0:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
            version = _version(connection)
            if version == 0:
                connection.execute(TABLES)
                version = VERSION
    if version != VERSION:
        raise LedgerError(
            f"the ledger has version {version}, and this promptops supports {VERSION}",
            hint="use the newer promptops that wrote it",
        )


def _version(connection: Any) -> int:  # noqa: ANN401
    # Not to_regclass(): its cache may be older than the lock.
    statement = """SELECT count(*) FROM pg_catalog.pg_tables
        WHERE tablename = 'promptops_ledger_version'
        AND schemaname = ANY (current_schemas(false))"""
    if not _one(connection, statement, []):
        return 0
    return int(_one(connection, "SELECT max(version) FROM promptops_ledger_version", []))


def _one(connection: Any, statement: str, values: list[Any]) -> Any:  # noqa: ANN401
    return connection.execute(statement, values).fetchone()[0]


def _error(error: Exception) -> LedgerError:
    # The message may quote the URL's host, never its password.
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return LedgerError(
        f"the ledger in PostgreSQL cannot be used: {lines[0]}",
        hint="check that the server runs and accepts connections",
    )
