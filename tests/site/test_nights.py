"""Nightly evals as bars, one for each night."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.evals.nightly.branch import HistoryBranch
from promptops.evals.nightly.record import PASSED, UNKNOWN, WORSE
from promptops.repository.repository import open_repository
from promptops.site.nights import NIGHTS, read_trends
from tests.site.conftest import make_night

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_each_prompt_has_a_bar_for_each_night_and_a_gap_for_one_without(repo: Repo) -> None:
    repo.commit({"a": "b"})
    repository = open_repository(repo.path)
    assert read_trends(repository) == {}
    # 10, 11 and 14 November: two passed, the last raised an alarm.
    records = [make_night(number) for number in (0, 1, 4)]
    (result,) = records[1].models
    unknown = replace(result, state=UNKNOWN, errors=1, trials=1)
    records[1] = replace(records[1], models=(unknown,))
    HistoryBranch(repository).append(records)

    ((trend,),) = read_trends(repository).values()

    assert (trend.prompt, trend.version, trend.night) == ("support/triage", "1.0.0", "2026-11-14")
    assert (trend.state, trend.tone, trend.alarms) == ("alarm", "bad", (WORSE,))
    assert trend.cost_micros == 4_000
    assert [(bar.night[-2:], bar.state, bar.percent, bar.tone) for bar in trend.bars] == [
        ("10", PASSED, 75, "good"),
        ("11", UNKNOWN, None, "doubt"),
        ("12", "", None, "doubt"),
        ("13", "", None, "doubt"),
        ("14", "alarm", 25, "bad"),
    ]
    assert [bar.height for bar in trend.bars] == [30, 0, 0, 0, 10]


def test_only_the_last_nights_are_drawn_and_none_is_invisible(repo: Repo) -> None:
    repo.commit({"a": "b"})
    repository = open_repository(repo.path)
    first = make_night(0)
    (result,) = first.models
    failed = replace(result, shares={"sample": (0, 4)})
    HistoryBranch(repository).append(
        [replace(first, night="2026-10-01"), replace(first, models=(failed,))]
    )
    ((trend,),) = read_trends(repository).values()
    assert len(trend.bars) == NIGHTS
    assert trend.bars[0].night == "2026-10-12"
    assert (trend.bars[-1].percent, trend.bars[-1].height) == (0, 1)
