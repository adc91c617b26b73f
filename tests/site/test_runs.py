"""Runs of the last days, from the groups that a run log counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from promptops.runtime.log.statistics import RunGroup
from promptops.site.runs import DAYS, read_runs

if TYPE_CHECKING:
    from promptops.runtime.log.log import Filters, RunLog

NOW = datetime(2026, 11, 30, 13, tzinfo=UTC).timestamp()


def group(runs: int, *, failed: int = 0, refused: int = 0, **by: str | None) -> RunGroup:
    statuses = {"succeeded": runs - failed - refused, "failed": failed, "refused": refused}
    return RunGroup(by, runs, statuses, {}, 10 * runs, failed, 0, 0, 0, None, None, True)


class Log:
    """Answers each question of `stats` with given groups."""

    def __init__(self, **groups: list[RunGroup]) -> None:
        self._groups = groups
        self.filters: list[Filters] = []

    def stats(self, filters: Filters, by: tuple[str, ...]) -> list[RunGroup]:
        self.filters.append(filters)
        return self._groups.get("_".join(by), [])


def read(log: Log) -> Any:
    return read_runs(cast("RunLog", log), NOW)


def test_whole_days_are_counted_and_evals_are_not() -> None:
    log = Log()
    found = read(log)
    assert (found.prompts, found.total.runs) == ({}, 0)
    assert [found.bars[0].day, found.bars[-1].day] == ["2026-11-01", "2026-11-30"]
    first = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    assert {(one.since, one.evals) for one in log.filters} == {(first, False)}


def test_a_day_with_one_run_or_error_is_seen_beside_one_with_thousands() -> None:
    days = [
        group(4000, day="2026-11-28"),
        group(1, day="2026-11-29"),
        group(2000, failed=1, day="2026-11-30"),
    ]
    bars = read(Log(day=days)).bars
    assert len(bars) == DAYS
    assert [(bar.runs, bar.errors, bar.height, bar.bad_height) for bar in bars[-4:]] == [
        (0, 0, 0, 0),
        (4000, 0, 40, 0),
        (1, 0, 1, 0),
        (2000, 1, 20, 1),
    ]


def test_the_failed_part_of_a_bar_is_no_higher_than_the_bar() -> None:
    bars = read(Log(day=[group(40, day="2026-11-29"), group(1, failed=1, day="2026-11-30")])).bars
    assert (bars[-1].height, bars[-1].bad_height) == (1, 1)


def test_the_week_is_the_last_seven_days() -> None:
    days = [
        group(5, day="2026-11-23"),
        group(3, failed=1, day="2026-11-24"),
        group(2, refused=1, day="2026-11-30"),
    ]
    found = read(Log(day=days))
    assert found.total == (10, 1, 1, 100, 1)
    assert found.week == (5, 1, 1, 50, 1)


def test_a_prompt_s_versions_are_in_order_the_newest_first() -> None:
    log = Log(
        prompt=[group(9, prompt="a"), group(1, prompt=None)],
        prompt_version=[
            group(1, prompt="a", version="1.9.0"),
            group(2, prompt="a", version=None),
            group(3, prompt="a", version="1.10.0"),
            group(4, prompt="a", version="<odd>"),
        ],
        prompt_day=[group(9, prompt="a", day="2026-11-30")],
    )
    found = read(log)
    assert list(found.prompts) == ["a", ""]
    assert [one.by["version"] for one in found.prompts["a"].versions] == [
        "1.10.0",
        "1.9.0",
        "<odd>",
        None,
    ]
    assert found.prompts["a"].bars[-1].runs == 9
    assert found.prompts[""].bars[-1].runs == 0
