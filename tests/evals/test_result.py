"""What trials decide about a sample, and samples about a suite."""

from __future__ import annotations

import pytest

from promptops.evals.result import (
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
    decide,
    find_reasons,
)


def trials(*outcomes: str) -> tuple[Trial, ...]:
    return tuple(Trial(n, SampleOutcome(one)) for n, one in enumerate(outcomes, 1))


@pytest.mark.parametrize(
    ("outcomes", "needed", "expected"),
    [
        (("passed", "failed", "passed"), 2, "passed"),
        (("passed", "failed", "failed"), 2, "failed"),
        (("passed", "failed", "error"), 2, "error"),
        (("passed", "passed", "error"), 2, "passed"),
        (("failed", "failed", "error"), 2, "failed"),
        (("passed", "failed", "missing"), 2, "missing"),
        (("missing", "error"), 1, "error"),
        ((), 1, "missing"),
    ],
)
def test_a_sample_is_decided_as_soon_as_it_can_be(
    outcomes: tuple[str, ...], needed: int, expected: str
) -> None:
    assert decide(trials(*outcomes), needed) is SampleOutcome(expected)


def sample(name: str, *ids: str | None) -> SampleResult:
    done = tuple(Trial(n, SampleOutcome.PASSED, response_id=one) for n, one in enumerate(ids, 1))
    return SampleResult(name, "m", (), len(ids), done)


@pytest.mark.parametrize(
    ("samples", "copied"),
    [
        ([sample("a", "1", "1", "1"), sample("b", "2", "3", "4")], True),
        ([sample("a", "1", "2"), sample("b", "3", "4")], False),
        ([sample("a", "1", "1"), sample("b", "1", "1")], False),  # the server names nothing
        ([sample("a", None, None)], False),
    ],
)
def test_trials_that_are_copies_of_one_answer_are_no_trials(
    samples: list[SampleResult], copied: bool
) -> None:
    state = TrialState("work tree", "1.0.0", "sha256:0")
    suite = SuiteRunResult("evals/a.yaml", "", "a", state, tuple(samples))
    reasons = find_reasons(suite, "m")
    assert any("identical copies" in one.text for one in reasons) is copied
