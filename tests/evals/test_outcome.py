"""Whether a run passed, is blocked, or could not be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptops.evals.outcome import Exit, Measure, SuiteRules, judge_run
from promptops.evals.result import EvalResult, SampleOutcome, SampleResult, Trial
from promptops.evals.verdict import Conclusion
from tests.evals.report.runs import run_of, sample

if TYPE_CHECKING:
    from promptops.evals.outcome import SuiteOutcome


@pytest.mark.parametrize(
    ("samples", "code", "word"),
    [
        ([sample("a", "1")], Exit.PASSED, "passed"),
        ([sample("a", "0")], Exit.BLOCKED, "blocked"),
        ([sample("a", "e")], Exit.UNKNOWN, "could not judge"),
        # An error may hide anything, so it comes before a loss.
        ([sample("a", "0"), sample("b", "e")], Exit.UNKNOWN, "could not judge"),
        # One loss among few samples is no difference that was found.
        ([sample("a", "0", "1"), sample("b", "1", "1")], Exit.PASSED, "not blocked"),
        ([sample(f"s{at}", "000", "111") for at in range(8)], Exit.BLOCKED, "blocked"),
    ],
)
def test_a_run_has_a_code_and_a_word(samples: list[SampleResult], code: Exit, word: str) -> None:
    (outcome,), found = judge_run(run_of(*samples))
    assert (found, outcome.word) == (code, word)


def test_what_was_not_finished_or_has_no_suites_is_not_judged() -> None:
    passing = run_of(sample("a", "1"))
    assert judge_run(replace(passing, stopped="it was interrupted"))[1] is Exit.UNKNOWN
    assert judge_run(EvalResult(()))[1] is Exit.UNKNOWN


def test_a_shard_alone_blocks_nothing() -> None:
    assert judge_run(replace(run_of(sample("a", "0")), shard=(1, 2)))[1] is Exit.PASSED


def test_the_worst_suite_decides() -> None:
    suites = [run_of(sample("a", one)).suites[0] for one in "101"]
    assert judge_run(EvalResult(tuple(suites)))[1] is Exit.BLOCKED


def scored(number: int, before: float, after: float) -> SampleResult:
    def trial(score: float) -> Trial:
        return Trial(1, SampleOutcome.PASSED, score)

    return SampleResult(f"s{number}", "m", (), 1, (trial(after),), (trial(before),))


def judge_scores(measure: Measure) -> SuiteOutcome:
    result = run_of(*(scored(number, 1.0, 0.25) for number in range(10)))
    return judge_run(result, SuiteRules(measure))[0][0]


def test_scores_are_compared_on_request_where_all_trials_pass() -> None:
    by_share, by_score = judge_scores(Measure.SHARE), judge_scores(Measure.SCORE)
    assert by_share.verdict is not None
    assert by_share.verdict.overall.difference == 0
    assert by_score.verdict is not None
    assert by_score.verdict.finding is Conclusion.WORSE
    assert by_score.exit is Exit.BLOCKED


def test_a_trial_in_error_is_no_measure_of_its_side() -> None:
    (outcome,), _ = judge_run(run_of(sample("a", "1e", "11"), sample("b", "10", "11")))
    assert outcome.verdict is not None
    assert outcome.verdict.overall.after == pytest.approx(0.75)
