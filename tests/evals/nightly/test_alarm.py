"""A night's alerts: what happened, how bad it is, and what to do next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptops.evals.nightly.alarm import list_alerts, list_commands
from promptops.evals.nightly.comparing import NightAlarm
from promptops.evals.nightly.record import BLOCKED, FINGERPRINT, SERVED, WORSE, NightModel
from promptops.evals.nightly.running import NightOutcome, NightReport
from promptops.evals.outcome import judge_run
from tests.evals.report.runs import run_of, sample

RESULT = run_of(sample("a", "1"))


def outcome(*kinds: str, faults: tuple[str, ...] = ()) -> NightOutcome:
    model = NightModel("openai/gpt-4o", "passed", 1, 1, 1, 0, alarms=kinds)
    alarms = tuple(NightAlarm(kind, f"it is {kind}") for kind in kinds)
    return NightOutcome(judge_run(RESULT)[0][0], model, alarms, faults)


def report(*outcomes: NightOutcome, left_out: tuple[tuple[str, str], ...] = ()) -> NightReport:
    return NightReport("production", "2026-11-29", outcomes, (), left_out, RESULT)


@pytest.mark.parametrize(
    ("kinds", "title", "severity"),
    [
        (
            (WORSE,),
            "ask@1.1.0 is worse in production than on earlier nights (openai/gpt-4o)",
            "error",
        ),
        (
            (SERVED, BLOCKED),
            "ask@1.1.0 is worse in production than on earlier nights (openai/gpt-4o)",
            "error",
        ),
        (
            (FINGERPRINT,),
            "the provider of openai/gpt-4o changed under ask@1.1.0 in production",
            "warning",
        ),
    ],
)
def test_an_alert_says_what_is_wrong(kinds: tuple[str, ...], title: str, severity: str) -> None:
    (alert,) = list_alerts(report(outcome(*kinds)), 1000.0)
    assert (alert.title, alert.severity) == (title, severity)
    assert alert.detail.splitlines()[: len(kinds)] == [f"it is {kind}" for kind in kinds]


def test_a_quiet_night_alerts_nobody() -> None:
    assert list_alerts(report(outcome(), outcome()), 0.0) == []


def test_what_could_not_be_judged_is_told_in_a_few_lines() -> None:
    (alert,) = list_alerts(report(outcome(faults=("one", "two", "three", "four"))), 0.0)
    assert alert.title == "ask@1.1.0 could not be judged in production tonight (openai/gpt-4o)"
    assert alert.severity == "warning"
    assert alert.detail.splitlines() == [
        *(f"could not be judged: {one}" for one in ("one", "two", "three")),
        "next: promptops eval nightly ask --env production",
    ]


def test_a_suite_that_was_not_run_has_an_alert() -> None:
    (alert,) = list_alerts(report(left_out=(("evals/b.yaml", "no key"),)), 0.0)
    assert (alert.title, alert.detail) == ("evals/b.yaml was not run", "no key")


def test_an_alert_is_sent_once_a_night_for_each_kind() -> None:
    night = report(outcome(WORSE), outcome(SERVED), outcome(faults=("one",)))
    keys = [alert.key for alert in list_alerts(night, 1000.0)]
    assert len(set(keys)) == 3
    assert keys == [alert.key for alert in list_alerts(night, 2000.0)]
    assert keys != [alert.key for alert in list_alerts(replace(night, night="2026-11-30"), 1000.0)]
    assert {alert.until for alert in list_alerts(night, 1000.0)} == {1000.0 + 20 * 3600}


def test_a_worse_prompt_may_be_rolled_back_and_a_changed_provider_accepted() -> None:
    night = report()
    first = "promptops eval trends ask --env production"
    assert list_commands(night, outcome(WORSE))[0] == first
    assert list_commands(night, outcome(WORSE))[-1].startswith("promptops rollback ask")
    accepting = "promptops eval nightly ask --env production --accept"
    assert list_commands(night, outcome(SERVED))[-1] == accepting


def test_the_first_example_stands_after_the_alarms() -> None:
    told = replace(outcome(WORSE), example=("a", "equals: it is no"))
    (alert,) = list_alerts(report(told), 0.0)
    assert alert.detail.splitlines()[1] == "first example: a: equals: it is no"
