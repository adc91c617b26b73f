"""Runs as evidence: what was judged, where the answers are from, and that the run is whole."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import RefusedError
from promptops.evals.evidence import to_evidence
from promptops.evals.outcome import judge_run
from promptops.evals.result import SampleOutcome, SampleResult, Trial
from tests.evals.report.runs import run_of, sample

if TYPE_CHECKING:
    from promptops.evals.result import EvalResult


def write(result: EvalResult) -> dict[str, Any]:
    """Return the only record of a run's evidence."""
    written = json.loads(to_evidence(result, judge_run(result)[0]))
    (record,) = written["results"]
    return dict(record)


def test_a_run_is_written_with_its_counts_and_its_comparison() -> None:
    record = write(run_of(sample("a", "11e", "111"), sample("b", "110", "111")))
    assert (record["samples"], record["trials"], record["errors"]) == (2, 12, 1)
    assert record["cost_micros"] == 11 * 120
    assert record["baseline"]["version"] == "1.0.0"
    (model,) = record["models"]
    assert (model["samples"], model["passed"]) == (2, 2)
    assert -1 <= model["low"] <= model["difference"] < 0 < model["high"] <= 1


def test_a_run_that_could_not_be_judged_or_is_blocked_has_not_passed() -> None:
    assert write(run_of(sample("a", "1")))["passed"] is True
    assert write(run_of(sample("a", "0")))["passed"] is False
    assert write(run_of(sample("a", "e")))["passed"] is False


@pytest.mark.parametrize(
    ("model", "replayed", "answers"),
    [
        ("scripted/a", (False, False), "scripted"),
        ("openai/gpt-4o", (False, False), "live"),
        ("openai/gpt-4o", (True, True), "cassette"),
        ("scripted/a", (True, True), "cassette"),
        ("openai/gpt-4o", (True, False), "mixed"),
        ("scripted/a", (True, False), "mixed"),
    ],
)
def test_only_a_providers_answers_are_live(
    model: str, replayed: tuple[bool, bool], answers: str
) -> None:
    trials = tuple(
        Trial(number, SampleOutcome.PASSED, is_replayed=one, served_model="served")
        for number, one in enumerate(replayed, 1)
    )
    record = write(run_of(SampleResult("a", model, (), 1, trials)))
    assert record["answers"] == answers
    assert record["models"][0]["served"] == ["served"]


def test_a_part_of_a_run_is_no_evidence() -> None:
    whole = run_of(sample("a", "1"))
    for part, why in [
        (replace(whole, stopped="it was interrupted"), "it was interrupted"),
        (replace(whole, shard=(1, 2)), "it is shard 1 of 2"),
    ]:
        with pytest.raises(RefusedError, match=why):
            to_evidence(part, [])


def test_a_suite_without_an_outcome_has_not_passed() -> None:
    written = json.loads(to_evidence(run_of(sample("a", "1")), []))
    assert written["results"][0]["passed"] is False
