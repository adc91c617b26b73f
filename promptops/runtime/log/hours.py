"""Roll-ups: totals of each hour, by prompt, version, model, environment and tenant.

An hour is rolled up some time after its end, once none of its runs is unfinished. `rolled` in
`meta` is the end of the last rolled-up hour. A run that ends or arrives later is added then.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from promptops.runtime.log.process import Process, is_gone
from promptops.runtime.log.record import INTERRUPTED, RUNNING
from promptops.runtime.log.rollup import HOUR_MS, Sums
from promptops.runtime.log.rows import is_cached

if TYPE_CHECKING:
    from promptops.runtime.log.database import Cursor, Row

SLICE = ("prompt", "version", "model", "environment", "tenant")
MEASURES = "status, stage, duration, cost, input_tokens, output_tokens, flags"
_COUNTED = f"SELECT started, {', '.join(SLICE)}, {MEASURES} FROM runs"
# The maximum number of hours in one transaction, so that writers do not wait long.
_MAX_HOURS = 24
_GRACE_MS = HOUR_MS // 4


def rolled_until(cursor: Cursor) -> int:
    """Return the time (ms) before which all hours are rolled up; 0 for none."""
    row = cursor.one("SELECT value FROM meta WHERE name = 'rolled'")
    return 0 if row is None else int(bytes(row[0]))


def gone_processes(cursor: Cursor) -> list[int]:
    """Return ended processes with unfinished runs."""
    rows = cursor.rows(
        "SELECT id, machine, pid, born FROM processes WHERE id IN"
        " (SELECT DISTINCT process FROM runs WHERE status = 'running')"
    )
    return [int(row[0]) for row in list(rows) if is_gone(Process(row[1], int(row[2]), row[3]))]


def interrupted(cursor: Cursor, now: float) -> str:
    """Return the condition for interrupted runs."""
    gone = ", ".join(map(str, gone_processes(cursor)))
    left = f" OR process IN ({gone})" if gone else ""
    return f"(status = 'running' AND (lease < {round(now * 1000)}{left}))"


def roll_up(cursor: Cursor, now: float) -> bool:
    """Roll up finished hours; return whether there may be more.

    A run whose process has ended counts as interrupted.
    """
    start = rolled_until(cursor)
    _settle(cursor, now, start)
    first = cursor.one("SELECT MIN(started) FROM runs WHERE started >= ?", (start,))
    if first is None or first[0] is None:
        return False
    begin = int(first[0]) // HOUR_MS * HOUR_MS
    end = (round(now * 1000) - _GRACE_MS) // HOUR_MS * HOUR_MS
    # An unfinished run keeps its hour open.
    row = cursor.one(
        "SELECT MIN(started) FROM runs WHERE status = 'running' AND started >= ?", (start,)
    )
    if row is not None and row[0] is not None:
        end = min(end, int(row[0]) // HOUR_MS * HOUR_MS)
    end = min(end, begin + _MAX_HOURS * HOUR_MS)
    if end <= begin:
        return False
    sums: defaultdict[tuple[int, str], Sums] = defaultdict(Sums)
    for one in cursor.rows(f"{_COUNTED} WHERE started >= ? AND started < ?", (begin, end)):
        _add(sums[_place(one)], one, 1)
    for (hour, part), total in sums.items():
        _write(cursor, hour, part, total)
    cursor.run(
        "INSERT INTO meta (name, value) VALUES ('rolled', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (str(end).encode(),),
    )
    return True


def count_late(cursor: Cursor, number: int, *, sign: int) -> None:
    """Add one run to its rolled-up hour, or subtract it (`sign` is 1 or -1)."""
    row = cursor.one(f"{_COUNTED} WHERE n = ?", (number,))
    if row is None or row[6] == RUNNING:
        return
    hour, part = _place(row)
    sums = Sums()
    old = cursor.one("SELECT data FROM hours WHERE hour = ? AND slice = ?", (hour, part))
    if old is not None:
        sums.join(old[0])
    _add(sums, row, sign)
    _write(cursor, hour, part, sums)


def _settle(cursor: Cursor, now: float, start: int) -> None:
    left = list(cursor.rows(f"SELECT n, started FROM runs WHERE {interrupted(cursor, now)}"))
    for number, started in left:
        cursor.run("UPDATE runs SET status = ? WHERE n = ?", (INTERRUPTED, number))
        if started < start:
            count_late(cursor, number, sign=1)


def _place(row: Row) -> tuple[int, str]:
    part = json.dumps(row[1 : 1 + len(SLICE)], separators=(",", ":"))
    return row[0] // HOUR_MS * HOUR_MS, part


def _add(sums: Sums, row: Row, sign: int) -> None:
    status, stage, duration, cost, *tokens, flags = row[1 + len(SLICE) :]
    sums.add(
        status,
        stage,
        duration,
        cost,
        (tokens[0], tokens[1]),
        is_cached=is_cached(flags),
        sign=sign,
    )


def _write(cursor: Cursor, hour: int, part: str, sums: Sums) -> None:
    cursor.run(
        "INSERT INTO hours (hour, slice, data) VALUES (?, ?, ?)"
        " ON CONFLICT (hour, slice) DO UPDATE SET data = excluded.data",
        (hour, part, sums.pack()),
    )
