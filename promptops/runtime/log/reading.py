"""Read runs from the log with their contents, reviews and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import NotFoundError, UsageError, quote
from promptops.runtime.log.content import answer_mac, unpack
from promptops.runtime.log.hours import interrupted
from promptops.runtime.log.identifiers import pack_id
from promptops.runtime.log.log import Filters
from promptops.runtime.log.query import RunQuery
from promptops.runtime.log.record import INTERRUPTED, LogEntry
from promptops.runtime.log.rows import (
    ATTEMPT_COLUMNS,
    EVENT_COLUMNS,
    FEEDBACK_COLUMNS,
    REVIEW_COLUMNS,
    RUN_COLUMNS,
    columns,
    read_attempt,
    read_event,
    read_feedback,
    read_review,
    read_run,
)
from promptops.runtime.log.texts import join_request, split_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.runtime.log.database import Cursor, Row
    from promptops.runtime.log.encryption import Keyring
    from promptops.runtime.log.record import Event, RunRecord, RunReview

_PAGE = 500
_ID_DIGITS = 32
_MIN_PREFIX = 4
_STARTED = RUN_COLUMNS.index("started")


def list_runs(
    cursor: Cursor,
    filters: Filters,
    keyring: Keyring | None,
    now: float,
    *,
    limit: int,
    before: str | None,
) -> list[RunRecord]:
    """Return runs, newest first."""
    question = RunQuery(cursor, filters, now)
    more, values = [], list(question.values)
    if before is not None:
        number, started = _find(cursor, before)[:2]
        more.append("(started < ? OR (started = ? AND n < ?))")
        values += [started, started, number]
    rows = cursor.rows(
        f"SELECT {question.columns()} FROM runs WHERE {question.where(*more)}"
        " ORDER BY started DESC, n DESC LIMIT ?",
        (*values, limit),
    )
    return [read_run(row, keyring) for row in rows]


def tail_runs(
    cursor: Cursor, filters: Filters, keyring: Keyring | None, now: float, after: int | None
) -> tuple[list[RunRecord], int]:
    """Return runs added since a position in the log, and the new position."""
    last = cursor.one("SELECT MAX(n) FROM runs")
    place = 0 if last is None or last[0] is None else int(last[0])
    if after is None:
        return [], place
    question = RunQuery(cursor, filters, now)
    rows = cursor.rows(
        f"SELECT {question.columns()} FROM runs"
        f" WHERE {question.where('n > ?', 'n <= ?')} ORDER BY n",
        (*question.values, after, place),
    )
    return [read_run(row, keyring) for row in rows], max(place, after)


def read_entry(cursor: Cursor, run_id: str, keyring: Keyring | None, now: float) -> LogEntry:
    """Return everything about one run."""
    number = _find(cursor, run_id)[0]
    gone = interrupted(cursor, now)
    row = cursor.one(
        f"SELECT {columns(RUN_COLUMNS)}, request, answer,"
        f" CASE WHEN {gone} THEN 1 ELSE 0 END FROM runs WHERE n = ?",
        (number,),
    )
    if row is None:
        raise _no_run(run_id)
    return _entry(cursor, row, keyring)


def read_page(
    cursor: Cursor,
    filters: Filters,
    keyring: Keyring | None,
    now: float,
    place: tuple[int, int],
) -> tuple[list[LogEntry], tuple[int, int]]:
    """Return some entries after a position (time, number), and the position of the last one."""
    question = RunQuery(cursor, filters, now)
    rows = list(
        cursor.rows(
            f"SELECT {columns(RUN_COLUMNS)}, request, answer,"
            f" CASE WHEN {question.gone} THEN 1 ELSE 0 END, n FROM runs"
            f" WHERE {question.where('(started > ? OR (started = ? AND n > ?))')}"
            f" ORDER BY started, n LIMIT {_PAGE}",
            (*question.values, place[0], place[0], place[1]),
        )
    )
    entries = [_entry(cursor, row, keyring) for row in rows]
    return entries, (rows[-1][_STARTED], rows[-1][-1]) if rows else place


def add_texts(cursor: Cursor, run: RunRecord, row: Row, keyring: Keyring | None) -> RunRecord:
    """Return a run with its contents."""
    request, answer = row[len(RUN_COLUMNS) : len(RUN_COLUMNS) + 2]

    def find(number: bytes) -> bytes | None:
        found = cursor.one("SELECT body FROM texts WHERE hash = ?", (number,))
        return None if found is None else unpack(bytes(found[0]), keyring)

    def body(number: int | None) -> bytes | None:
        if number is None:
            return None
        found = cursor.one("SELECT body FROM texts WHERE id = ?", (number,))
        return None if found is None else unpack(bytes(found[0]), keyring)

    data = body(request)
    if data is not None:
        document = join_request(data, find)
        run = run._replace(inputs=document.get("inputs"), messages=document.get("messages"))
    data = body(answer)
    if data is not None:
        text, calls = split_answer(data)
        run = run._replace(answer=text, tool_calls=calls)
    return run


def _entry(cursor: Cursor, row: Row, keyring: Keyring | None) -> LogEntry:
    run = read_run(row, keyring)
    if row[len(RUN_COLUMNS) + 2]:
        run = run._replace(status=INTERRUPTED)
    run = add_texts(cursor, run, row, keyring)
    key = (pack_id(run.id),)

    def rows(table: str, names: Sequence[str], order: str) -> Iterable[Row]:
        return list(
            cursor.rows(
                f"SELECT {columns(names)} FROM {table} WHERE run = ? ORDER BY {order}",
                key,
            )
        )

    return LogEntry(
        run,
        tuple(read_attempt(one, keyring) for one in rows("attempts", ATTEMPT_COLUMNS, "number")),
        tuple(read_event(one, keyring) for one in rows("events", EVENT_COLUMNS, "at, id")),
        tuple(read_feedback(one, keyring) for one in rows("feedback", FEEDBACK_COLUMNS, "at, id")),
        tuple(read_review(one, keyring) for one in rows("reviews", REVIEW_COLUMNS, "requested")),
    )


def _no_run(run_id: str) -> NotFoundError:
    return NotFoundError(
        f"the log has no run {quote(run_id)}", hint="run 'promptops runs list' to see the runs"
    )


def _find(cursor: Cursor, run_id: str) -> Row:
    """Return number and start of the run with this id prefix. Raises NotFoundError or
    UsageError.
    """
    rows = list(
        cursor.rows(
            "SELECT n, started FROM runs WHERE id >= ? AND id <= ? LIMIT 2",
            _id_range(run_id, "run", "promptops runs list"),
        )
    )
    if not rows:
        raise _no_run(run_id)
    if len(rows) > 1:
        raise UsageError(
            f"several runs begin with {quote(run_id)}", hint="use more characters of the id"
        )
    return rows[0]


def _id_range(start: str, what: str, command: str) -> tuple[bytes, bytes]:
    """Return the first and the last id with this prefix. Raises UsageError if it is malformed."""
    digits = start.replace("-", "").lower()
    if not _MIN_PREFIX <= len(digits) <= _ID_DIGITS or set(digits) - set("0123456789abcdef"):
        raise UsageError(
            f"{quote(start)} is not the id of a {what}",
            hint=f"use at least its first {_MIN_PREFIX} digits; run '{command}' to see ids",
        )
    return (
        bytes.fromhex(digits.ljust(_ID_DIGITS, "0")),
        bytes.fromhex(digits.ljust(_ID_DIGITS, "f")),
    )


def find_answer(
    cursor: Cursor, text: str, secret: bytes, keyring: Keyring | None, now: float
) -> list[RunRecord]:
    """Return the runs with this answer, newest first."""
    rows = cursor.rows(
        f"SELECT {RunQuery(cursor, Filters(), now).columns()} FROM runs WHERE mac = ?"
        " ORDER BY started DESC, n DESC",
        (answer_mac(text, secret),),
    )
    return [read_run(row, keyring) for row in rows]


def list_reviews(
    cursor: Cursor, status: str | None, limit: int, keyring: Keyring | None
) -> list[RunReview]:
    """Return reviews, oldest request first."""
    where, values = ("", [limit]) if status is None else (" WHERE status = ?", [status, limit])
    rows = cursor.rows(
        f"SELECT {columns(REVIEW_COLUMNS)} FROM reviews{where} ORDER BY requested, id LIMIT ?",
        values,
    )
    return [read_review(row, keyring) for row in rows]


def read_review_of(cursor: Cursor, start: str, keyring: Keyring | None) -> RunReview:
    """Return a review by its own id, its run's id, or a prefix of either."""
    low, high = _id_range(start, "review", "promptops reviews list")
    rows = list(
        cursor.rows(
            f"SELECT {columns(REVIEW_COLUMNS)} FROM reviews"
            " WHERE (id >= ? AND id <= ?) OR (run >= ? AND run <= ?)"
            " ORDER BY CASE WHEN status = 'open' THEN 0 ELSE 1 END, requested DESC, id DESC",
            (low, high, low, high),
        )
    )
    found = [read_review(row, keyring) for row in rows]
    exact = [one for one in found if one.id.startswith(start.lower())]
    if not found:
        raise NotFoundError(
            f"the log has no review {quote(start)}",
            hint="run 'promptops reviews list' to see the open ones",
        )
    if len(exact) > 1 or (not exact and len({one.run_id for one in found}) > 1):
        raise UsageError(
            f"several reviews begin with {quote(start)}", hint="use more characters of the id"
        )
    return exact[0] if exact else found[0]


def list_events(
    cursor: Cursor, kind: str | None, limit: int, keyring: Keyring | None
) -> list[Event]:
    """Return events, newest first."""
    where, values = ("", [limit]) if kind is None else (" WHERE kind = ?", [kind, limit])
    rows = cursor.rows(
        f"SELECT {columns(EVENT_COLUMNS)} FROM events{where} ORDER BY at DESC, id DESC LIMIT ?",
        values,
    )
    return [read_event(row, keyring) for row in rows]
