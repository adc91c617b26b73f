"""Runs of evals as results, made in a few words for tests of reports."""

from __future__ import annotations

from promptops.evals.result import (
    CheckOutcome,
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)

DIGEST = "sha256:" + "0a" * 32


def trial(number: int, passes: bool, answer: str = "yes", reason: str = "it says so") -> Trial:
    """A trial with one check."""
    outcome, score = (SampleOutcome.PASSED, 1.0) if passes else (SampleOutcome.FAILED, 0.0)
    check = CheckOutcome("equals", score, passes, reason)
    return Trial(number, outcome, score, answer, (check,), cost_micros=120)


def sample(
    name: str, after: str, before: str = "", tags: tuple[str, ...] = (), answer: str = "yes"
) -> SampleResult:
    """A sample by the outcomes of its trials: `sample("a", "101", "111")`; `e` is an error."""

    def trials(outcomes: str) -> tuple[Trial, ...]:
        return tuple(
            Trial(i, SampleOutcome.ERROR, error="the model is down", stage="call")
            if one == "e"
            else trial(i, one == "1", f"{answer} {one}")
            for i, one in enumerate(outcomes, 1)
        )

    return SampleResult(name, "scripted/a", tags, 1, trials(after), trials(before))


def run_of(*samples: SampleResult, stopped: str = "") -> EvalResult:
    """A run of one suite."""
    has_baseline = any(one.baseline for one in samples)
    suite = SuiteRunResult(
        "evals/ask.yaml",
        DIGEST,
        "ask",
        TrialState("work tree", "1.1.0", DIGEST),
        samples,
        TrialState("1.0.0 (production)", "1.0.0", DIGEST) if has_baseline else None,
        "" if has_baseline else "it was never released",
    )
    return EvalResult((suite,), 1_200, 0, 6, 0, 0.5, stopped)
