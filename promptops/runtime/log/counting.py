"""Count runs in groups: whole hours from the roll-ups, the rest from the runs."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from promptops.errors import UsageError, quote
from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.runtime.log.content import escape, unescape
from promptops.runtime.log.hours import SLICE, rolled_until
from promptops.runtime.log.log import DIMENSIONS
from promptops.runtime.log.query import RunQuery
from promptops.runtime.log.rollup import HOUR_MS, Sums
from promptops.runtime.log.rows import (
    is_cached,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.log.database import Cursor
    from promptops.runtime.log.log import Filters
    from promptops.runtime.log.statistics import RunGroup

# Filters that roll-ups support.
_SLICED = ("prompt", "version", "model", "environment", "tenant")
_UNSLICED = ("deployment", "user", "key", "stage", "status", "parent_id")
_GROUPED = {**{name: name for name in SLICE}, "user": "user_name"}


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
