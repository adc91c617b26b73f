"""Decide whether a run passed, is blocked, or could not be judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from promptops.evals.result import (
    ReasonKind,
    SampleOutcome,
    VerdictReason,
    count_samples,
    find_reasons,
)
from promptops.evals.verdict import Conclusion, SamplePair, compare, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.evals.result import (
        EvalResult,
        SampleResult,
        SampleTally,
        SuiteRunResult,
        Trial,
    )
    from promptops.evals.verdict import EvalVerdict


class Exit(IntEnum):
    """The exit codes of `promptops eval`."""

    PASSED = 0
    BLOCKED = 1
    UNKNOWN = 2


_VERDICTS = {Exit.PASSED: "passed", Exit.BLOCKED: "blocked", Exit.UNKNOWN: "could not judge"}


def word_verdict(code: Exit, *, all_pass: bool) -> str:
    """Return the words for an exit code.

    If samples fail although nothing forbids that, they do not say "passed".
    """
    return "not blocked" if code is Exit.PASSED and not all_pass else _VERDICTS[code]


class Measure(StrEnum):
    """The measure of a sample: the share of passed trials, or their mean score."""

    SHARE = "share"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class SuiteRules:
    """The parameters of comparing results.

    Attributes:
        measure: what is compared for each sample.
        margin: the largest loss for the verdict `not worse`; None: not requested.
    """

    measure: Measure = Measure.SHARE
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """The outcome of one suite with one model.

    Attributes:
        suite: the suite.
        model: the model.
        reasons: why it is blocked or could not be judged, and remarks.
        verdict: the comparison with the baseline, or None.
        tally: the number of samples by outcome.
    """

    suite: SuiteRunResult
    model: str
    reasons: tuple[VerdictReason, ...]
    verdict: EvalVerdict | None = None
    tally: SampleTally | None = field(default=None, compare=False)

    @property
    def exit(self) -> Exit:
        """The exit code. Errors come before everything else, so that they are not overlooked."""
        gravities = {one.gravity for one in self.reasons}
        if ReasonKind.UNKNOWN in gravities:
            return Exit.UNKNOWN
        return Exit.BLOCKED if ReasonKind.BLOCKS in gravities else Exit.PASSED

    @property
    def all_pass(self) -> bool:
        """Whether every sample passed."""
        tally = self.tally or count_samples(self.suite, self.model)
        return tally.all.passed == tally.all.total

    @property
    def word(self) -> str:
        """The verdict in words."""
        return word_verdict(self.exit, all_pass=self.all_pass)


def judge_run(
    result: EvalResult, rules: SuiteRules | None = None
) -> tuple[list[SuiteOutcome], Exit]:
    """Judge every suite with every model, and the run as a whole."""
    outcomes = [
        judge_suite(suite, model, rules or SuiteRules())
        for suite in result.suites
        for model in suite.models
    ]
    if result.stopped or not outcomes:
        return outcomes, Exit.UNKNOWN
    if result.shard != (1, 1):
        # A shard is not judged; `eval merge` judges the whole.
        return outcomes, Exit.PASSED
    return outcomes, max(one.exit for one in outcomes)


def judge_suite(suite: SuiteRunResult, model: str, rules: SuiteRules) -> SuiteOutcome:
    """Judge a suite with one model: by its thresholds and its baseline."""
    tally = count_samples(suite, model)
    reasons = find_reasons(suite, model, tally)
    if tally.without_baseline == tally.all.total:
        return SuiteOutcome(suite, model, tuple(reasons), None, tally)
    pairs = [_pair(one, rules.measure) for one in suite.of_model(model)]
    verdict = compare(pairs, margin=rules.margin)
    if verdict.finding is Conclusion.WORSE:
        reasons.append(VerdictReason(ReasonKind.BLOCKS, describe(verdict)))
    elif verdict.finding is Conclusion.NOT_JUDGED:
        reasons.append(VerdictReason(ReasonKind.UNKNOWN, describe(verdict)))
    return SuiteOutcome(suite, model, tuple(reasons), verdict, tally)


def _pair(sample: SampleResult, measure: Measure) -> SamplePair:
    if measure is Measure.SCORE:
        before, after = _scores(sample.baseline), _scores(sample.trials)
        return SamplePair(sample.name, before, after, sample.tags, None)
    before, after = _passes(sample.baseline), _passes(sample.trials)
    return SamplePair(sample.name, before, after, sample.tags, sample.needed)


def _passes(trials: Sequence[Trial]) -> tuple[float, ...]:
    outcomes = {SampleOutcome.PASSED: 1.0, SampleOutcome.FAILED: 0.0}
    return tuple(outcomes[one.outcome] for one in trials if one.outcome in outcomes)


def _scores(trials: Sequence[Trial]) -> tuple[float, ...]:
    judged = {SampleOutcome.PASSED, SampleOutcome.FAILED}
    return tuple(one.score or 0.0 for one in trials if one.outcome in judged)
