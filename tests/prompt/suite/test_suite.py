"""Samples and checks of a suite."""

from __future__ import annotations

import pytest

from promptops.prompt.suite.suite import Check, Outcome, Sample, Turn

CHECK = Check("contains", "a")


@pytest.mark.parametrize(
    ("sample", "has_checks"),
    [
        (Sample("x", {}), False),
        (Sample("x", {}, (CHECK,)), True),
        (Sample("x", {}, outcome=Outcome.REFUSAL), True),
        (Sample("x", {}, turns=(Turn("And now?"),)), False),
        (Sample("x", {}, turns=(Turn("And now?"), Turn("Sure?", (CHECK,)))), True),
    ],
)
def test_a_sample_is_checked_by_its_answer_its_turns_or_its_end(
    sample: Sample, has_checks: bool
) -> None:
    assert sample.has_checks is has_checks


def test_a_check_is_called_as_the_suite_writes_it() -> None:
    assert Check("contains", "a", is_negated=True).label == "not_contains"
    assert CHECK.label == "contains"
