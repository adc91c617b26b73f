"""A score is a number from 0 to 1."""

from __future__ import annotations

import math

import pytest

from promptops.evals.scorers.scorer import Score, ScorerError


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 1.1])
def test_a_score_that_is_none_is_an_error(value: float) -> None:
    with pytest.raises(ScorerError, match="not from 0 to 1"):
        Score(value, "")


def test_the_opposite_of_a_score_keeps_the_reason() -> None:
    assert Score(0.25, "so").negated == Score(0.75, "so")
