"""Compare versions that shared traffic, with runs clustered by key."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from promptops.runtime.log.content import escape, unescape
from promptops.runtime.log.query import RunQuery
from promptops.runtime.log.record import INTERRUPTED, RUNNING
from promptops.runtime.log.rollup import Sums
from promptops.runtime.log.rows import (
    is_cached,
)

if TYPE_CHECKING:
    from promptops.runtime.log.database import Cursor
    from promptops.runtime.log.log import Filters
    from promptops.runtime.log.statistics import RunComparison


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
