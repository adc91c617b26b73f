"""Regular expressions: no pattern can hang an eval, and none is passed over."""

from __future__ import annotations

import pytest

from promptops.evals.scorers import regex
from promptops.evals.scorers.scorer import Context, JudgedAnswer, ScorerError
from tests.evals.scorers.pieces import is_met


def test_a_pattern_that_hangs_other_engines_does_not_hang() -> None:
    assert not is_met("regex: '(a+)+$'", "a" * 5000 + "b")


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "("])
def test_a_pattern_that_the_engine_does_not_have_is_an_error(pattern: str) -> None:
    with pytest.raises(ScorerError, match="is not supported") as raised:
        regex.score(JudgedAnswer("aa"), pattern, Context())
    assert "\n" not in raised.value.message
