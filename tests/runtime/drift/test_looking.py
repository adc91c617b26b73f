"""Drift in a run log, and what is told of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from promptops.runtime.drift.looking import describe_drift, list_gauges, look_for_drift
from promptops.runtime.drift.report import Drift, Shift
from promptops.runtime.log.log import Filters
from promptops.runtime.log.sqlite import SqliteDatabase
from tests.runtime.drift.pieces import make_runs
from tests.runtime.log.pieces import START, Clock, store_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.runtime.log.log import RunLog

DAY = 86_400
COUNT = 60


def refuse(values: dict[str, Any], _: random.Random) -> None:
    values["answer"] = "I'm sorry, but I can't help with that."


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunLog]:
    """A day of runs and the one before, of one prompt that stays the same and one that changes."""
    with pytest.MonkeyPatch.context() as patch:
        # Languages have tests of their own, and take the longest.
        patch.setattr("promptops.runtime.drift.features.find_language", lambda _: None)
        clock, chance = Clock(), random.Random(1)
        database = SqliteDatabase(tmp_path_factory.mktemp("log") / "runs.db", clock)
        with store_in(database, clock) as log:
            for name, change in (("same", None), ("changed", refuse)):
                earlier, recent = make_runs(chance, COUNT), make_runs(chance, COUNT, change, day=1)
                # Evals are no traffic, however different they are.
                evals = make_runs(chance, COUNT, refuse, day=1) if change is None else []
                runs = [one._replace(prompt=name) for one in (*earlier, *recent)]
                runs += [one._replace(prompt=name, environment="eval") for one in evals]
                log.finish_all([(one, ()) for one in runs])
            tried = make_runs(chance, 1, day=1)[0]
            log.finish(tried._replace(prompt="only in evals", environment="eval"))
            yield log


@pytest.mark.slow
def test_each_prompt_is_compared_with_its_own_earlier_runs(log: RunLog) -> None:
    changed, same = look_for_drift(log, START + 2 * DAY)
    assert (changed.prompt, same.prompt) == ("changed", "same")
    assert (same.recent, same.reference) == (COUNT, COUNT)
    assert "refusals" in {one.measure for one in changed.alarms}
    assert same.alarms == ()


def test_windows_and_filters_choose_the_runs(log: RunLog) -> None:
    now = START + 2 * DAY
    [one] = look_for_drift(log, now, filters=Filters(prompt="same"), sample=40)
    assert (one.prompt, one.recent, one.reference) == ("same", 40, 40)
    [one] = look_for_drift(log, now, filters=Filters(prompt="same"), reference_seconds=1)
    assert (one.recent, one.reference) == (COUNT, 0)
    assert look_for_drift(log, START + 9 * DAY) == []


SHIFTS = (
    Shift("refusals", "9.0% refuses", "1.0%", 0.08, 1e-9, is_alarm=True, run_id="r-2"),
    Shift("output length", "median 4", "median 9", 0.2, 1e-6, is_alarm=True),
    Shift("cost of a run", "1 USD", "1 USD at this hour", 1.0, 0.5),
)


def test_an_alert_names_what_changed_and_how_to_go_on() -> None:
    alert = describe_drift(Drift("a", ("1.2.0", "1.1.0"), 60, 60, SHIFTS), START)
    assert alert.title == "a@1.2.0 drifts: refusals"
    assert alert.detail.splitlines() == [
        "refusals: 9.0% refuses, was 1.0%",
        "output length: median 4, was median 9",
        "first example: promptops runs show r-2",
        "next: promptops runs stats a --drift",
    ]
    # The same drift is told again only after six hours, whichever measure is first.
    turned = describe_drift(Drift("a", (), 60, 60, SHIFTS[1::-1]), START)
    assert turned.title == "a drifts: output length"
    assert turned.key == alert.key == "drift/a/output length,refusals"
    assert alert.until == START + 6 * 3600


def test_every_comparison_is_a_metric_and_an_alarm_is_1() -> None:
    gauges = list_gauges([Drift("a", ("1.2.0",), 60, 60, SHIFTS), Drift("b", (), 0, 0, SHIFTS[2:])])
    assert len(gauges) == 8
    labels = (("prompt", "a"), ("version", "1.2.0"), ("measure", "refusals"))
    assert gauges["promptops_drift_effect", labels, ""] == 0.08
    assert gauges["promptops_drift_alarm", labels, ""] == 1.0
    quiet = (("prompt", "b"), ("version", ""), ("measure", "cost of a run"))
    assert gauges["promptops_drift_alarm", quiet, ""] == 0.0
