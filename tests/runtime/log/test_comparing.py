"""Versions that shared traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.log.log import Filters
from promptops.runtime.log.record import Feedback
from tests.runtime.log.pieces import START, end, make_run, new_id

if TYPE_CHECKING:
    from promptops.runtime.log.log import RunLog


def test_versions_that_share_traffic_are_compared_by_key(log: RunLog) -> None:
    for n in range(60):
        version, good = ("1.0.0", n % 2 == 0) if n % 2 else ("1.1.0", True)
        run = make_run(START + n, version=version, key=f"k-{n % 30}")
        log.finish(end(run, ms=100.0 + n % 3, cost_micros=10 if good else 30))
        log.feedback(Feedback(new_id(), run.id, START, score=float(good)))
    result = log.compare("1.0.0", "1.1.0", Filters(prompt="support/triage"))
    found = {one.measure: one for one in result.differences}
    assert (result.left.runs, result.right.runs, result.unkeyed) == (30, 30, 0)
    assert found["feedback"].verdict == "higher"
    assert found["cost"].verdict == "lower"
    assert found["errors"].verdict == "no difference found"
    assert found["feedback"].left.clusters == 15


def test_a_run_without_a_key_counts_for_itself_and_a_running_one_is_no_error(log: RunLog) -> None:
    for n in range(8):
        run = make_run(START + n, version="1.0.0", key=None, user="u-1" if n < 3 else None)
        log.finish(end(run, status="failed" if n == 7 else "succeeded", cost_micros=None))
    log.begin(make_run(START, version="1.0.0", key="k-1", lease_until=START + 9_000))
    result = log.compare("1.0.0", "1.1.0")
    found = {one.measure: one.left for one in result.differences}
    assert (result.unkeyed, result.left.runs, result.right.runs) == (5, 9, 0)
    # One user, and five runs of nobody.
    assert (found["errors"].clusters, found["errors"].runs) == (6, 8)
    assert found["errors"].mean == 1 / 8
    assert found["cost"].runs == found["feedback"].runs == 0
