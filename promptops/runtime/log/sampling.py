"""Choose a pseudo-random sample of runs, the same one each time."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from promptops.runtime.log.query import RunQuery
from promptops.runtime.log.reading import add_texts
from promptops.runtime.log.record import RUNNING
from promptops.runtime.log.rows import (
    RUN_COLUMNS,
    columns,
    read_run,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.log.database import Cursor
    from promptops.runtime.log.encryption import Keyring
    from promptops.runtime.log.log import Filters
    from promptops.runtime.log.record import RunRecord

_PAGE = 500
# A key may have many runs, of which a sample takes one.
_SAMPLED_TIMES = 8
_WORD = (1 << 64) - 1


def sample_runs(
    cursor: Cursor,
    filters: Filters,
    keyring: Keyring | None,
    now: float,
    *,
    limit: int,
    without_environment: str | None,
) -> list[RunRecord]:
    """Return a sample of ended runs with contents, one of each key.

    The runs are ordered by a hash of their numbers, so the same window gives the same sample.
    """
    # Filter only by prompt and time, which have an index; other filters are applied below.
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
        # Read only the columns that decide, because a key may have thousands of runs.
        rows = cursor.rows(
            f"SELECT n, traffic_key, user_name, environment FROM runs"
            f" WHERE {question.where(f'n IN ({marks})', 'status <> ?')}",
            (*question.values, *some, RUNNING),
        )
        for number, key, user, environment in sorted(rows, key=lambda one: place[one[0]]):
            owner = key or user
            if owner in keys or (
                without_environment is not None and environment == without_environment
            ):
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
    """Return runs with contents by their numbers in the log, in this order."""
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
            found[row[-1]] = add_texts(cursor, read_run(row, keyring), row, keyring)
    return [found[number] for number in numbers if number in found]


def _shuffle(number: int) -> int:
    """Return a hash of a number, for shuffling (splitmix64)."""
    value = (number * 0x9E3779B97F4A7C15) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)
