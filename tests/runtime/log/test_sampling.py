"""Runs taken by chance, one of each key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.log.log import Filters
from tests.runtime.log.pieces import START, end, make_run

if TYPE_CHECKING:
    from promptops.runtime.log.log import RunLog


def test_a_sample_has_one_run_of_each_key_and_what_was_said(log: RunLog) -> None:
    for number in range(30):
        log.finish(end(make_run(START + number, key=f"k-{number % 10}", user=None)))
    log.begin(make_run(START + 40, key="running"))
    log.finish(end(make_run(START + 41, key="eval", environment="eval")))
    found = log.sample(limit=100, without_environment="eval")
    assert sorted(str(run.key) for run in found) == [f"k-{number}" for number in range(10)]
    assert all(run.inputs == {"ticket": "I was charged twice."} for run in found)
    assert all(run.answer == '{"topic": "billing"}' for run in found)
    some = log.sample(limit=4, without_environment="eval")
    assert [run.id for run in some] == [run.id for run in found[:4]]
    assert "eval" in {run.key for run in log.sample(limit=100)}


def test_a_sample_keeps_to_its_filters(log: RunLog) -> None:
    for number in range(12):
        run = make_run(
            START + number,
            key=f"k-{number}",
            environment="staging" if number % 2 else "production",
            prompt="a" if number < 8 else "b",
        )
        log.finish(end(run))
    filters = Filters(since=START + 2, until=START + 11, prompt="a", environment="staging")
    assert {run.key for run in log.sample(filters, limit=9)} == {"k-3", "k-5", "k-7"}
    assert log.sample(Filters(prompt="c"), limit=9) == []
