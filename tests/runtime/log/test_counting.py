"""Runs counted in groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptops.errors import UsageError
from promptops.runtime.log.log import Filters
from tests.runtime.log.pieces import HOUR, START, end, make_run

if TYPE_CHECKING:
    from promptops.runtime.log.log import RunLog
    from tests.runtime.log.pieces import Clock


@pytest.mark.slow
def test_stats_by_hour_and_by_run_agree(log: RunLog, clock: Clock) -> None:
    for n in range(300):
        run = make_run(START + n * 60, user=f"u-{n % 7}", version=f"1.{n % 3}.0")
        if n % 10 == 0:
            log.finish(end(run, status="failed", stage="call", error="no", cost_micros=None, ms=n))
        else:
            log.finish(end(run, ms=100.0 + n, cost_micros=n))
    clock.now = START + 300 * 60 + 2 * HOUR
    before = {str(group.by): group for group in log.stats(by=["version", "day"])}
    users = log.stats(by=["user"])
    log.tend()
    after = {str(group.by): group for group in log.stats(by=["version", "day"])}
    assert before.keys() == after.keys()
    for name, group in before.items():
        assert group.is_exact
        assert not after[name].is_exact
        assert (
            replace(after[name], p50_ms=group.p50_ms, p95_ms=group.p95_ms, is_exact=True) == group
        )
        assert after[name].p50_ms == pytest.approx(group.p50_ms, rel=0.05)
        assert after[name].p95_ms == pytest.approx(group.p95_ms, rel=0.05)
    assert log.stats(by=["user"]) == users
    [total] = log.stats(Filters(prompt="support/*"))
    assert (total.runs, total.errors, total.stages) == (300, 30, {"call": 30})
    part = Filters(since=START + 95 * 60, until=START + 205 * 60)
    assert log.stats(part)[0].runs == 110


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("support/triage", 1),
        ("support/*", 2),
        ("*/triage", 2),
        ("*a*e*", 3),
        ("s*/*y", 1),
        ("*", 4),
        ("support", 0),
        ("support/triage*triage", 0),
        ("%", 0),
        ("sales_reply", 0),
    ],
)
def test_a_pattern_means_the_same_for_hours_and_for_runs(
    log: RunLog, clock: Clock, pattern: str, count: int
) -> None:
    for name in ("support/triage", "support/a", "sales/triage", "sales/reply"):
        log.finish(end(make_run(START, prompt=name)))
    clock.now = START + 3 * HOUR
    for _ in range(2):
        assert sum(group.runs for group in log.stats(Filters(prompt=pattern))) == count
        log.tend()


def test_groups_are_in_order_of_cost_and_days_in_order_of_time(log: RunLog) -> None:
    for day, model, cost in ((2, "a", 1), (0, "a", 1), (1, "b", 3)):
        log.finish(end(make_run(START + day * 24 * HOUR, model=model), cost_micros=cost))
    assert [group.by["model"] for group in log.stats(by=["model"])] == ["b", "a"]
    days = [group.by["day"] for group in log.stats(by=["day", "model"])]
    assert days == sorted(str(day) for day in days)
    with pytest.raises(UsageError, match="cannot be grouped by 'stage'"):
        log.stats(by=["stage"])
