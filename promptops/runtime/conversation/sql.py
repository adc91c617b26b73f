"""Conversations in an SQL database: SQLite for one machine, PostgreSQL for many."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import RefusedError
from promptops.runtime.conversation.entries import (
    DROPPED,
    ERASED,
    EXPIRED,
    HAND_OVER,
    MESSAGE,
    SUMMARY,
    ConversationEntry,
    ConversationEvent,
    ConversationHead,
    ExpectedTail,
    Tail,
)
from promptops.runtime.conversation.tables import CONVERSATIONS
from promptops.runtime.conversation.window import take_newest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from promptops.runtime.conversation.entries import ConversationBounds, Owner
    from promptops.runtime.log.database import Cursor, Database
    from promptops.runtime.log.database import Row as Columns

_COLUMNS = "n, at, kind, role, tokens, size, by_name, covers"
_STATE = "n, kept, floor, summary, hand_over, ends"
_INSERT = (
    f"INSERT INTO conversation_rows (conversation, {_COLUMNS}, kept, floor, summary, hand_over,"  # noqa: S608 - names of columns
    " ends, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LAST = (
    f"SELECT user_name, tenant, expires, {_STATE} FROM conversations"  # noqa: S608 - as above
    " LEFT JOIN conversation_rows ON conversation = id WHERE id = ? ORDER BY n DESC LIMIT 1"
)
_FIND = (
    "SELECT id, user_name, tenant, created, MAX(n), MAX(at) FROM conversations"
    " JOIN conversation_rows ON conversation = id WHERE id = ?"
    " GROUP BY id, user_name, tenant, created"
)
_NEXT = (
    "SELECT conversation, n, body FROM conversation_rows WHERE body IS NOT NULL"
    " AND (conversation > ? OR conversation = ? AND n > ?) ORDER BY conversation, n LIMIT ?"
)
_TABLES = ("conversations", "conversation_rows")
_BATCH = 64
# The head's expiry time may lag by this share of the time to live, so that not every append must
# update it.
_SLACK = 32


class _SqlState(NamedTuple):
    """The state of a conversation after its last row; times in milliseconds."""

    number: int = 0
    kept: int = 0
    floor: int = 1
    summary: int = 0
    hand_over: int = 0
    ends: int | None = None


class SqlStore:
    """Conversations in one database."""

    def __init__(self, database: Database, *, lock: str | None = None) -> None:
        """Store the database, and the statement that locks a head if writers run concurrently."""
        self._database = database
        self._lock = lock

    def append(
        self,
        conversation: str,
        entries: Sequence[ConversationEntry],
        *,
        owner: Owner,
        bounds: ConversationBounds,
        now: float,
        expected: ExpectedTail = ExpectedTail(),  # noqa: B008 - a constant
    ) -> int | None:
        """Append entries atomically; see `ConversationStore`."""
        at = round(now * 1000)
        ttl = None if bounds.ttl_seconds is None else round(bounds.ttl_seconds * 1000)
        ends = None if ttl is None else at + ttl

        def write(cursor: Cursor) -> int | None:
            if self._lock is not None:
                _insert_head(cursor, conversation, owner, at, ends)
                cursor.one(self._lock, (conversation,))
            found = cursor.one(_LAST, (conversation,))
            if found is None:
                _insert_head(cursor, conversation, owner, at, ends)
            else:
                _check_owner(conversation, found, owner)
                if _is_stale(found[2], ends, ttl):
                    cursor.run(
                        "UPDATE conversations SET expires = ? WHERE id = ?", (ends, conversation)
                    )
            state = _read_state(found)
            if state.ends is not None and state.ends <= at:
                state = _expire(cursor, conversation, state, at)
            if expected.number is not None and expected.number != state.number:
                return None
            if expected.summary is not None and expected.summary != state.summary:
                return None
            for entry in entries:
                state = _append(cursor, conversation, state._replace(ends=ends), entry, at)
                if state.kept > bounds.bytes:
                    state = _drop(cursor, conversation, state, bounds.bytes, at)
            return state.number

        return self._database.write(write)

    def tail(self, conversation: str, *, owner: Owner, tokens: int, now: float) -> Tail:
        """Return the newest messages that fit into `tokens`; see `ConversationStore`."""
        at = round(now * 1000)

        def read(cursor: Cursor) -> Tail:
            found = cursor.one(_LAST, (conversation,))
            if found is None:
                return Tail()
            _check_owner(conversation, found, owner)
            state = _read_state(found)
            if state.ends is not None and state.ends <= at:
                return Tail(state.number)
            summary = _read_row(cursor, conversation, state.summary)
            hand_over = _read_row(cursor, conversation, state.hand_over)
            after = state.floor - 1 if summary is None else max(summary.covers, state.floor - 1)
            rows = _walk(cursor, conversation, after, state.number + 1)
            messages, is_cut = take_newest(rows, tokens)
            return Tail(state.number, tuple(messages), is_cut, summary, hand_over)

        return self._database.read(read)

    def between(
        self, conversation: str, after: int, before: int, *, limit: int
    ) -> Sequence[ConversationEvent]:
        """Return the newest `limit` messages between two rows; see `ConversationStore`."""

        def read(cursor: Cursor) -> list[ConversationEvent]:
            found: list[ConversationEvent] = []
            for row in _walk(cursor, conversation, after, before):
                if len(found) == limit:
                    break
                found.append(row)
            return found[::-1]

        return self._database.read(read)

    def rows(self, conversation: str, *, limit: int = 1000) -> Sequence[ConversationEvent]:
        """Return a conversation's rows; see `ConversationStore`."""
        statement = (
            f"SELECT {_COLUMNS}, NULL FROM conversation_rows WHERE conversation = ?"  # noqa: S608
            " ORDER BY n DESC LIMIT ?"
        )
        found = self._database.read(
            lambda cursor: [_make_row(one) for one in cursor.rows(statement, (conversation, limit))]
        )
        return found[::-1]

    def find(self, conversation: str) -> ConversationHead | None:
        """Return one conversation; see `ConversationStore`."""
        found = self._database.read(lambda cursor: cursor.one(_FIND, (conversation,)))
        return None if found is None else _make_head(found)

    def contents(self, conversation: str, *, now: float) -> Sequence[ConversationEvent]:
        """Return the rows that still have contents; see `ConversationStore`."""
        at = round(now * 1000)

        def read(cursor: Cursor) -> list[ConversationEvent]:
            found = cursor.one(_LAST, (conversation,))
            state = _read_state(found)
            if state.ends is not None and state.ends <= at:
                return []
            return [
                _make_row(one)
                for one in cursor.rows(
                    f"SELECT {_COLUMNS}, body FROM conversation_rows"  # noqa: S608
                    " WHERE conversation = ? AND body IS NOT NULL ORDER BY n",
                    (conversation,),
                )
            ]

        return self._database.read(read)

    def list(self, *, user: str | None = None, limit: int = 50) -> Sequence[ConversationHead]:
        """Return conversations; see `ConversationStore`."""
        where = "" if user is None else " WHERE user_name = ?"
        statement = (
            "SELECT id, user_name, tenant, created, MAX(n), MAX(at) FROM conversations"  # noqa: S608
            f" JOIN conversation_rows ON conversation = id{where}"
            " GROUP BY id, user_name, tenant, created ORDER BY MAX(at) DESC, id LIMIT ?"
        )
        values = (limit,) if user is None else (user, limit)
        return self._database.read(
            lambda cursor: [_make_head(one) for one in cursor.rows(statement, values)]
        )

    def expire(self, now: float) -> int:
        """Delete the contents of expired conversations; see `ConversationStore`."""
        at = round(now * 1000)
        count = 0
        last = ""
        while True:
            done, last = self._database.write(
                lambda cursor, here=last: self._expire_some(cursor, at, here)  # type: ignore[misc]
            )
            count += done
            if not last:
                break
        if count:
            self._database.scrub(_TABLES)
        return count

    def _expire_some(self, cursor: Cursor, at: int, after: str) -> tuple[int, str]:
        ids = [
            str(one)
            for (one,) in cursor.rows(
                "SELECT id FROM conversations WHERE expires <= ? AND id > ? ORDER BY id LIMIT ?",
                (at, after, _BATCH),
            )
        ]
        count = 0
        for conversation in ids:
            if self._lock is not None:
                cursor.one(self._lock, (conversation,))
            state = _read_state(cursor.one(_LAST, (conversation,)))
            if state.ends is not None and state.ends > at:
                # The head's expiry time may lag.
                new: int | None = state.ends
            else:
                new = None
                if state.ends is not None:
                    _expire(cursor, conversation, state, at)
                    count += 1
            cursor.run("UPDATE conversations SET expires = ? WHERE id = ?", (new, conversation))
        return count, ids[-1] if len(ids) == _BATCH else ""

    def reseal(self, change: Callable[[bytes], bytes | None]) -> int:
        """Replace the contents of all rows; see `ConversationStore`."""
        count = 0
        last: tuple[str, int] | None = ("", 0)
        while last is not None:
            done, last = self._database.write(
                lambda cursor, here=last: _reseal_some(cursor, here, change)  # type: ignore[misc]
            )
            count += done
        if count:
            self._database.scrub(_TABLES)
        return count

    def erase(self, conversation: str, *, by: str, now: float) -> bool:
        """Delete the contents of a conversation; see `ConversationStore`."""
        at = round(now * 1000)

        def write(cursor: Cursor) -> bool:
            return self._erase(cursor, conversation, by, at)

        is_there = self._database.write(write)
        if is_there:
            self._database.scrub(_TABLES)
        return is_there

    def erase_user(self, user: str, mark: str, *, by: str, now: float) -> Sequence[str]:
        """Delete the contents of a user's conversations; see `ConversationStore`."""
        at = round(now * 1000)

        def write(cursor: Cursor) -> list[str]:
            found = cursor.rows("SELECT id FROM conversations WHERE user_name = ?", (user,))
            ids = sorted(str(one) for (one,) in found)
            for conversation in ids:
                self._erase(cursor, conversation, by, at)
                cursor.run(
                    "UPDATE conversation_rows SET by_name = ? WHERE conversation = ?"
                    " AND by_name = ?",
                    (mark, conversation, user),
                )
            cursor.run("UPDATE conversations SET user_name = ? WHERE user_name = ?", (mark, user))
            return ids

        ids = self._database.write(write)
        if ids:
            self._database.scrub(_TABLES)
        return ids

    def _erase(self, cursor: Cursor, conversation: str, by: str, at: int) -> bool:
        if self._lock is not None:
            cursor.one(self._lock, (conversation,))
        found = cursor.one(_LAST, (conversation,))
        if found is None:
            return False
        state = _read_state(found)
        _forget_bodies(cursor, conversation)
        state = _SqlState(state.number, 0, state.number + 2)
        _write(cursor, conversation, state, ConversationEvent(0, at, ERASED, by=by))
        cursor.run("UPDATE conversations SET expires = NULL WHERE id = ?", (conversation,))
        return True

    def close(self) -> None:
        """Close the connections."""
        self._database.close()


def open_sqlite_store(path: str) -> SqlStore:
    """Open the conversations in a file; create it if missing."""
    from promptops.runtime.log.sqlite import SqliteDatabase

    return SqlStore(SqliteDatabase(Path(path), time.time, CONVERSATIONS))


def open_postgres_store(url: str) -> SqlStore:
    """Open the conversations in a database. Raises PromptopsError if the package is missing."""
    from promptops.errors import PromptopsError

    try:
        import psycopg  # noqa: F401 -- to say early that it is missing
    except ImportError as error:
        raise PromptopsError(
            "conversations in PostgreSQL need the package psycopg",
            hint="pip install 'git-promptops[postgres]'",
        ) from error
    from promptops.runtime.log.postgres import PostgresDatabase

    lock = "SELECT 1 FROM conversations WHERE id = ? FOR UPDATE"
    return SqlStore(PostgresDatabase(url, time.time, CONVERSATIONS), lock=lock)


def refuse_owner(conversation: str) -> RefusedError:
    """Return the error for access by another owner."""
    return RefusedError(
        f"conversation {conversation} belongs to another user or tenant",
        hint="pass its user and tenant, or start another conversation",
    )


def _insert_head(
    cursor: Cursor, conversation: str, owner: Owner, at: int, ends: int | None
) -> None:
    cursor.run(
        "INSERT INTO conversations (id, user_name, tenant, created, expires)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (conversation, owner.user, owner.tenant, at, ends),
    )


def _check_owner(conversation: str, found: Columns, owner: Owner) -> None:
    if (found[0], found[1]) != (owner.user, owner.tenant):
        raise refuse_owner(conversation)


def _is_stale(known: int | None, ends: int | None, ttl: int | None) -> bool:
    """Return whether a head's expiry time lags too much."""
    if known is None or ends is None or ttl is None:
        return known != ends
    return known > ends or known < ends - ttl // _SLACK


def _read_state(found: Columns | None) -> _SqlState:
    return _SqlState() if found is None or found[3] is None else _SqlState(*found[3:])


def _append(
    cursor: Cursor, conversation: str, state: _SqlState, entry: ConversationEntry, at: int
) -> _SqlState:
    number = state.number + 1
    if entry.kind == MESSAGE:
        state = state._replace(kept=state.kept + len(entry.body))
    elif entry.kind == SUMMARY:
        _forget_body(cursor, conversation, state.summary)
        state = state._replace(summary=number)
    elif entry.kind == HAND_OVER:
        _forget_body(cursor, conversation, state.hand_over)
        state = state._replace(hand_over=number)
    row = ConversationEvent(
        0, at, entry.kind, entry.role, entry.tokens, len(entry.body), entry.by, entry.covers
    )
    return _write(cursor, conversation, state, row._replace(body=entry.body))


def _write(
    cursor: Cursor, conversation: str, state: _SqlState, row: ConversationEvent
) -> _SqlState:
    number = state.number + 1
    cursor.run(_INSERT, (conversation, number, *row[1:-1], *state[1:], row.body))
    return state._replace(number=number)


def _expire(cursor: Cursor, conversation: str, state: _SqlState, at: int) -> _SqlState:
    _forget_bodies(cursor, conversation)
    # All later rows have greater numbers.
    state = _SqlState(state.number, 0, state.number + 2)
    return _write(cursor, conversation, state, ConversationEvent(0, at, EXPIRED))


def _drop(cursor: Cursor, conversation: str, state: _SqlState, limit: int, at: int) -> _SqlState:
    """Drop the oldest messages until the rest is within the limit."""
    kept, floor = state.kept, state.floor
    while kept > limit and floor < state.number:
        size = cursor.one(
            "SELECT size FROM conversation_rows WHERE conversation = ? AND n = ? AND kind = ?",
            (conversation, floor, MESSAGE),
        )
        if size is not None:
            _forget_body(cursor, conversation, floor)
            kept -= int(size[0])
        floor += 1
    state = state._replace(kept=kept, floor=floor)
    return _write(cursor, conversation, state, ConversationEvent(0, at, DROPPED, covers=floor - 1))


def _forget_body(cursor: Cursor, conversation: str, number: int) -> None:
    if number:
        cursor.run(
            "UPDATE conversation_rows SET body = NULL WHERE conversation = ? AND n = ?",
            (conversation, number),
        )


def _forget_bodies(cursor: Cursor, conversation: str) -> None:
    cursor.run(
        "UPDATE conversation_rows SET body = NULL WHERE conversation = ? AND body IS NOT NULL",
        (conversation,),
    )


def _reseal_some(
    cursor: Cursor, after: tuple[str, int], change: Callable[[bytes], bytes | None]
) -> tuple[int, tuple[str, int] | None]:
    """Change some rows; return their number, and the row to continue after, if any."""
    conversation, number = after
    rows = list(cursor.rows(_NEXT, (conversation, conversation, number, _BATCH)))
    count = 0
    for its, n, body in rows:
        new = change(bytes(body))
        if new is not None:
            # With PostgreSQL the row may have been removed meanwhile.
            cursor.run(
                "UPDATE conversation_rows SET body = ? WHERE conversation = ? AND n = ?"
                " AND body = ?",
                (new, its, n, body),
            )
            count += 1
    return count, (str(rows[-1][0]), int(rows[-1][1])) if len(rows) == _BATCH else None


def _read_row(cursor: Cursor, conversation: str, number: int) -> ConversationEvent | None:
    if not number:
        return None
    found = cursor.one(
        f"SELECT {_COLUMNS}, body FROM conversation_rows WHERE conversation = ? AND n = ?",  # noqa: S608
        (conversation, number),
    )
    row = None if found is None else _make_row(found)
    return None if row is None or row.body is None else row


def _walk(
    cursor: Cursor, conversation: str, after: int, before: int
) -> Iterator[ConversationEvent]:
    """Yield the messages between two rows, newest first, read in batches."""
    statement = (
        f"SELECT {_COLUMNS}, body FROM conversation_rows WHERE conversation = ?"  # noqa: S608
        " AND n > ? AND n < ? ORDER BY n DESC LIMIT ?"
    )
    while True:
        rows = list(cursor.rows(statement, (conversation, after, before, _BATCH)))
        for one in rows:
            if one[2] == MESSAGE and one[8] is not None:
                yield _make_row(one)
        if len(rows) < _BATCH:
            return
        before = int(rows[-1][0])


def _make_head(found: Columns) -> ConversationHead:
    return ConversationHead(
        str(found[0]), found[1], found[2], found[3] / 1000, int(found[4]), found[5] / 1000
    )


def _make_row(found: Columns) -> ConversationEvent:
    number, at, kind, role, tokens, size, by, covers, body = found
    data = None if body is None else bytes(body)
    return ConversationEvent(int(number), at / 1000, kind, role, tokens, size, by, covers, data)
