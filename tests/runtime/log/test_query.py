"""Filters of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.log.log import Filters
from tests.runtime.log.pieces import HOUR, START, end, make_run

if TYPE_CHECKING:
    from promptops.runtime.log.log import RunLog
    from tests.runtime.log.pieces import Clock


def test_filters_and_pages(log: RunLog) -> None:
    for n in range(10):
        prompt = "support/triage" if n % 2 else "sales/reply"
        log.finish(end(make_run(START + n // 2, prompt=prompt, user=f"u-{n}")))
    found = log.list(Filters(prompt="support/*"), limit=3)
    assert [run.user for run in found] == ["u-9", "u-7", "u-5"]
    more = log.list(Filters(prompt="support/*"), before=found[-1].id)
    assert [run.user for run in more] == ["u-3", "u-1"]
    assert [run.user for run in log.list(Filters(since=START + 1, until=START + 2))] == [
        "u-3",
        "u-2",
    ]
    assert log.list(Filters(prompt="support_triage")) == []
    assert log.list(Filters(prompt="%*")) == []
    assert log.list(Filters(stage="call")) == []
    assert [entry.run.user for entry in log.export()] == [f"u-{n}" for n in range(10)]


def test_runs_of_evals_can_be_left_out(log: RunLog, clock: Clock) -> None:
    for place, environment in enumerate(("production", "eval", None)):
        log.finish(end(make_run(START + place, environment=environment)))
    found = {one: log.list(Filters(evals=one)) for one in (True, False, None)}
    assert [run.environment for run in found[True]] == ["eval"]
    assert [run.environment for run in found[False]] == [None, "production"]
    assert len(found[None]) == 3
    clock.now = START + 3 * HOUR
    for _ in range(2):
        # By run, and by hour.
        counts = [sum(one.runs for one in log.stats(Filters(evals=one))) for one in found]
        assert counts == [1, 2, 3]
        log.tend()
