"""Query the run log."""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from promptops.errors import NotFoundError, UsageError, quote
from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.runtime.log.content import answer_mac, escape, unescape, unpack
from promptops.runtime.log.hours import SLICE, interrupted, rolled_until
from promptops.runtime.log.identifiers import pack_id
from promptops.runtime.log.log import DIMENSIONS
from promptops.runtime.log.record import INTERRUPTED, RUNNING, LogEntry
from promptops.runtime.log.rollup import HOUR_MS, Sums
from promptops.runtime.log.rows import (
    ATTEMPT_COLUMNS,
    EVENT_COLUMNS,
    FEEDBACK_COLUMNS,
    REVIEW_COLUMNS,
    RUN_COLUMNS,
    columns,
    is_cached,
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
    from promptops.runtime.log.log import Filters
    from promptops.runtime.log.record import Event, RunRecord, RunReview
    from promptops.runtime.log.statistics import RunComparison, RunGroup

# The filter columns that are compared for equality.
_EXACT = {
    "prompt": "prompt",
    "version": "version",
    "model": "model",
    "environment": "environment",
    "deployment": "deployment",
    "user": "user_name",
    "tenant": "tenant",
    "key": "traffic_key",
    "stage": "stage",
}
# Filters that roll-ups support.
_SLICED = ("prompt", "version", "model", "environment", "tenant")
_UNSLICED = ("deployment", "user", "key", "stage", "status", "parent_id")
_GROUPED = {**{name: name for name in SLICE}, "user": "user_name"}
_PAGE = 500
# Of one key there may be many runs, of which a sample takes one.
_SAMPLED_TIMES = 8
_WORD = (1 << 64) - 1
_ID_DIGITS = 32
_MIN_PREFIX = 4
_STATUS, _STARTED = RUN_COLUMNS.index("status"), RUN_COLUMNS.index("started")


class RunQuery:
    """Filters as an SQL condition, with interrupted runs distinguished."""

    def __init__(self, cursor: Cursor, filters: Filters, now: float) -> None:
        self.gone = interrupted(cursor, now)
        self.values: list[Any] = []
        self._parts: list[str] = []
        if filters.since is not None:
            self._add("started >= ?", round(filters.since * 1000))
        if filters.until is not None:
            self._add("started < ?", round(filters.until * 1000))
        for name, column in _EXACT.items():
            value = getattr(filters, name)
            if value is None:
                continue
            if name == "prompt" and "*" in value:
                self._add("prompt LIKE ? ESCAPE '!'", _like(value))
            else:
                self._add(f"{column} = ?", escape(value) if isinstance(value, str) else value)
        self._add_evals(filters)
        if filters.parent_id is not None:
            self._add("parent = ?", pack_id(filters.parent_id))
        if filters.status == INTERRUPTED:
            self._parts.append(f"(status = '{INTERRUPTED}' OR {self.gone})")
        elif filters.status is not None:
            self._add("status = ?", filters.status)
            if filters.status == RUNNING:
                self._parts.append(f"NOT {self.gone}")

    def _add_evals(self, filters: Filters) -> None:
        if filters.evals:
            self._add("environment = ?", EVAL_ENVIRONMENT)
        elif filters.evals is not None:
            self._add("(environment IS NULL OR environment <> ?)", EVAL_ENVIRONMENT)

    def _add(self, part: str, value: object) -> None:
        self._parts.append(part)
        self.values.append(value)

    def where(self, *more: str) -> str:
        """Return the condition, with more of them."""
        return " AND ".join((*self._parts, *more)) or "1 = 1"

    def status(self) -> str:
        """Return the expression for a run's status."""
        return f"CASE WHEN {self.gone} THEN '{INTERRUPTED}' ELSE status END"

    def columns(self) -> str:
        """RUN_COLUMNS, with the current status."""
        return ", ".join(self.status() if name == "status" else name for name in RUN_COLUMNS)


def _like(pattern: str) -> str:
    text = escape(pattern) or ""
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text.replace("*", "%")


def list_runs(
    cursor: Cursor,
    filters: Filters,
    keyring: Keyring | None,
    now: float,
    *,
    limit: int,
    before: str | None,
) -> list[RunRecord]:
    """Return runs, the newest first."""
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
    """Return runs added since a place, and the new place."""
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
    """Return all about one run."""
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
    """Return some entries after a place (time and number), and the place of the last one."""
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


def _with_texts(cursor: Cursor, run: RunRecord, row: Row, keyring: Keyring | None) -> RunRecord:
    """Return a run with what was said in it."""
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
    run = _with_texts(cursor, run, row, keyring)
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


def sample_runs(
    cursor: Cursor,
    filters: Filters,
    keyring: Keyring | None,
    now: float,
    *,
    limit: int,
    but: str | None,
) -> list[RunRecord]:
    """Return some ended runs with what they said, one of each key.

    Which ones is chance, but the same for the same log: the numbers of the runs are shuffled by a
    hash, so that two looks at one window show the same.
    """
    # Prompt and time alone, which an index has: whoever else is asked for is found below.
    narrow = filters.__class__(since=filters.since, until=filters.until, prompt=filters.prompt)
    first = RunQuery(cursor, narrow, now)
    numbers = [
        int(number)
        for (number,) in cursor.rows(f"SELECT n FROM runs WHERE {first.where()}", first.values)
    ]
    if len(numbers) > limit * _SAMPLED_TIMES:
        numbers = heapq.nsmallest(limit * _SAMPLED_TIMES, numbers, key=_shuffle)
    else:
        numbers.sort(key=_shuffle)
    question = RunQuery(cursor, filters, now)
    chosen: list[int] = []
    keys: set[str] = set()
    for start in range(0, len(numbers), _PAGE):
        some = numbers[start : start + _PAGE]
        marks = ", ".join("?" * len(some))
        place = {number: index for index, number in enumerate(some)}
        # Only what decides is read here: of one key there may be thousands.
        rows = cursor.rows(
            f"SELECT n, traffic_key, user_name, environment FROM runs"
            f" WHERE {question.where(f'n IN ({marks})', 'status <> ?')}",
            (*question.values, *some, RUNNING),
        )
        for number, key, user, environment in sorted(rows, key=lambda one: place[one[0]]):
            owner = key or user
            if owner in keys or (but is not None and environment == but):
                continue
            if owner is not None:
                keys.add(owner)
            chosen.append(int(number))
        if len(chosen) >= limit:
            break
    return _read_numbers(cursor, chosen[:limit], keyring)


def _read_numbers(
    cursor: Cursor, numbers: Sequence[int], keyring: Keyring | None
) -> list[RunRecord]:
    """Return runs by their numbers in the log, in this order, with what was said."""
    found: dict[int, RunRecord] = {}
    for start in range(0, len(numbers), _PAGE):
        some = numbers[start : start + _PAGE]
        rows = list(
            cursor.rows(
                f"SELECT {columns(RUN_COLUMNS)}, request, answer, n FROM runs"
                f" WHERE n IN ({', '.join('?' * len(some))})",
                some,
            )
        )
        for row in rows:
            found[row[-1]] = _with_texts(cursor, read_run(row, keyring), row, keyring)
    return [found[number] for number in numbers if number in found]


def _shuffle(number: int) -> int:
    """Return a number that says nothing about the order of its argument (splitmix64)."""
    value = (number * 0x9E3779B97F4A7C15) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


def _no_run(run_id: str) -> NotFoundError:
    return NotFoundError(
        f"the log has no run {quote(run_id)}", hint="'promptops runs list' shows the runs"
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
        raise UsageError(f"several runs begin with {quote(run_id)}", hint="give more of the id")
    return rows[0]


def _id_range(start: str, what: str, command: str) -> tuple[bytes, bytes]:
    """Return the first and the last id with this prefix. Raises UsageError if it is malformed."""
    digits = start.replace("-", "").lower()
    if not _MIN_PREFIX <= len(digits) <= _ID_DIGITS or set(digits) - set("0123456789abcdef"):
        raise UsageError(
            f"{quote(start)} is not the id of a {what}",
            hint=f"give at least its first {_MIN_PREFIX} digits; '{command}' shows ids",
        )
    return (
        bytes.fromhex(digits.ljust(_ID_DIGITS, "0")),
        bytes.fromhex(digits.ljust(_ID_DIGITS, "f")),
    )


def find_answer(
    cursor: Cursor, text: str, secret: bytes, keyring: Keyring | None, now: float
) -> list[RunRecord]:
    """Return the runs with this answer, the newest first."""
    gone = interrupted(cursor, now)
    names = ", ".join(
        f"CASE WHEN {gone} THEN '{INTERRUPTED}' ELSE status END" if name == "status" else name
        for name in RUN_COLUMNS
    )
    rows = cursor.rows(
        f"SELECT {names} FROM runs WHERE mac = ? ORDER BY started DESC, n DESC",
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
    """Return a review by its own id or its run's, or the beginning of either."""
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
            hint="'promptops reviews list' shows the open ones",
        )
    if len(exact) > 1 or (not exact and len({one.run_id for one in found}) > 1):
        raise UsageError(f"several reviews begin with {quote(start)}", hint="give more of the id")
    return exact[0] if exact else found[0]


def list_events(
    cursor: Cursor, kind: str | None, limit: int, keyring: Keyring | None
) -> list[Event]:
    """Return events, the newest first."""
    where, values = ("", [limit]) if kind is None else (" WHERE kind = ?", [kind, limit])
    rows = cursor.rows(
        f"SELECT {columns(EVENT_COLUMNS)} FROM events{where} ORDER BY at DESC, id DESC LIMIT ?",
        values,
    )
    return [read_event(row, keyring) for row in rows]


def count(cursor: Cursor, filters: Filters, by: Sequence[str], now: float) -> list[RunGroup]:
    """Return groups of runs, most expensive first; by day, oldest first."""
    for name in by:
        if name not in DIMENSIONS:
            raise UsageError(
                f"runs cannot be grouped by {quote(name)}", hint=f"by {', '.join(DIMENSIONS)}"
            )
    groups: defaultdict[tuple[str | None, ...], Sums] = defaultdict(Sums)
    rolled = _rolled_range(cursor, filters, by)
    if rolled is not None:
        _count_hours(cursor, filters, by, rolled, groups)
    _count_runs(cursor, filters, by, now=now, rolled=rolled, groups=groups)
    result = [
        sums.group(dict(zip(by, key, strict=True))) for key, sums in groups.items() if sums.runs
    ]
    if "day" in by:
        return sorted(result, key=lambda group: [group.by[name] or "" for name in by])
    return sorted(result, key=lambda group: (-group.cost_micros, -group.runs, str(group.by)))


def _rolled_range(cursor: Cursor, filters: Filters, by: Sequence[str]) -> tuple[int, int] | None:
    """Return the requested rolled-up hours; None if the runs must be read."""
    if "user" in by or any(getattr(filters, name) is not None for name in _UNSLICED):
        return None
    low, high = 0, rolled_until(cursor)
    if filters.since is not None:
        low = -(-round(filters.since * 1000) // HOUR_MS) * HOUR_MS
    if filters.until is not None:
        high = min(high, round(filters.until * 1000) // HOUR_MS * HOUR_MS)
    return (low, high) if low < high else None


def _count_hours(
    cursor: Cursor,
    filters: Filters,
    by: Sequence[str],
    rolled: tuple[int, int],
    groups: defaultdict[tuple[str | None, ...], Sums],
) -> None:
    wanted = {
        name: escape(getattr(filters, name))
        for name in _SLICED
        if getattr(filters, name) is not None
    }
    keys: dict[str, dict[str, str | None] | None] = {}
    for hour, part, data in cursor.rows(
        "SELECT hour, slice, data FROM hours WHERE hour >= ? AND hour < ?", rolled
    ):
        if part not in keys:
            values = dict(zip(SLICE, json.loads(part), strict=True))
            fits = all(_matches(values[name], value) for name, value in wanted.items())
            if filters.evals is not None:
                fits &= filters.evals == (values["environment"] == EVAL_ENVIRONMENT)
            keys[part] = {name: unescape(one) for name, one in values.items()} if fits else None
        found = keys[part]
        if found is not None:
            key = tuple(_day(hour) if name == "day" else found[name] for name in by)
            groups[key].join(data)


def _matches(value: str | None, wanted: str | None) -> bool:
    if wanted is None or value is None or "*" not in wanted:
        return value == wanted
    pieces = wanted.split("*")
    if not value.startswith(pieces[0]):
        return False
    place = len(pieces[0])
    for piece in pieces[1:-1]:
        place = value.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return value.endswith(pieces[-1]) and len(value) - len(pieces[-1]) >= place


def _count_runs(
    cursor: Cursor,
    filters: Filters,
    by: Sequence[str],
    *,
    now: float,
    rolled: tuple[int, int] | None,
    groups: defaultdict[tuple[str | None, ...], Sums],
) -> None:
    question = RunQuery(cursor, filters, now)
    names = [_GROUPED[name] for name in by if name != "day"]
    head = "".join(f"{name}, " for name in names)
    select = (
        f"SELECT {head}started, {question.status()}, stage, duration, cost,"
        " input_tokens, output_tokens, flags FROM runs WHERE "
    )
    # Two ranges instead of OR, so that each uses the index of times.
    ranges: list[tuple[list[str], list[Any]]] = [([], [])]
    if rolled is not None:
        ranges = [(["started < ?"], [rolled[0]]), (["started >= ?"], [rolled[1]])]
    width = len(names)
    for more, values in ranges:
        for row in cursor.rows(f"{select}{question.where(*more)}", (*question.values, *values)):
            started, status, stage, duration, cost, entered, left, flags = row[width:]
            found = dict(zip(names, row, strict=False))
            key = tuple(
                _day(started) if name == "day" else unescape(found[_GROUPED[name]]) for name in by
            )
            groups[key].add(
                status, stage, duration, cost, (entered, left), is_cached=is_cached(flags)
            )


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def compare_versions(
    cursor: Cursor, left: str, right: str, filters: Filters, now: float
) -> RunComparison:
    """Compare two versions, with runs clustered by key (or user)."""
    question = RunQuery(cursor, filters._replace(version=None), now)
    rows = cursor.rows(
        f"SELECT version, COALESCE(traffic_key, user_name), n, {question.status()}, stage,"
        " duration, cost, input_tokens, output_tokens, flags,"
        " (SELECT AVG(score) FROM feedback WHERE feedback.run = runs.id)"
        f" FROM runs WHERE {question.where('version IN (?, ?)')}",
        (*question.values, escape(left), escape(right)),
    )
    sums = {left: Sums(), right: Sums()}
    measures: dict[tuple[str, str], dict[Any, list[float]]] = defaultdict(
        lambda: defaultdict(lambda: [0.0, 0.0])
    )
    unkeyed = 0
    for version, owner, number, status, stage, duration, cost, *rest in rows:
        name = unescape(version) or ""
        entered, gone, flags, score = rest
        sums[name].add(status, stage, duration, cost, (entered, gone), is_cached=is_cached(flags))
        unkeyed += owner is None
        cluster = number if owner is None else owner
        values = {
            "feedback": None if score is None else float(score),
            "errors": None if status == RUNNING else float(status in ("failed", INTERRUPTED)),
            "cost": cost,
            "latency": None if duration is None else duration / 1000,
        }
        for measure, value in values.items():
            if value is not None:
                pair = measures[measure, name][cluster]
                pair[0] += value
                pair[1] += 1

    def pairs(measure: str, name: str) -> list[tuple[float, int]]:
        return [(total, int(size)) for total, size in measures[measure, name].values()]

    from promptops.runtime.log.statistics import RunComparison
    from promptops.runtime.log.statistics import compare as compare_pairs

    units = {"feedback": "score", "errors": "share", "cost": "micros", "latency": "ms"}
    differences = tuple(
        compare_pairs(
            measure,
            unit,
            pairs(measure, left),
            pairs(measure, right),
            is_share=measure == "errors",
        )
        for measure, unit in units.items()
    )
    return RunComparison(
        sums[left].group({"version": left}),
        sums[right].group({"version": right}),
        differences,
        unkeyed,
    )
