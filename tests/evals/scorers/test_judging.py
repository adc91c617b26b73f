"""A judge's reply counts only if it rules on each criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.evals.scorers.judging import Ruling, ask
from promptops.evals.scorers.scorer import Context, ScorerError, ScorerQuestion

if TYPE_CHECKING:
    from collections.abc import Sequence

QUESTION = ScorerQuestion("Be kind.", "Please.", ("It is polite.", "It is short."))


def rule(reply: object) -> Sequence[Ruling]:
    # A judge's reply is whatever a model wrote.
    return ask(Context(judge=lambda _question: reply), QUESTION, "rubric")  # type: ignore[arg-type,return-value]


def test_there_is_a_ruling_for_each_criterion_in_order() -> None:
    reply = {"criteria": [{"met": True, "reason": "so"}, {"met": False, "reason": 7}]}
    assert rule(reply) == [Ruling(True, "so"), Ruling(False, "")]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("yes", "has no list 'criteria'"),
        ({}, "has no list 'criteria'"),
        ({"criteria": "yes"}, "has no list 'criteria'"),
        ({"criteria": [{"met": True}]}, "answered 1 criteria instead of 2"),
        ({"criteria": [{"met": True}] * 3}, "answered 3 criteria instead of 2"),
        ({"criteria": [{"met": True}, {"met": "yes"}]}, "true or false for every criterion"),
        ({"criteria": [{"met": True}, {"met": 1}]}, "true or false for every criterion"),
        ({"criteria": [True, False]}, "true or false for every criterion"),
    ],
)
def test_a_malformed_reply_is_an_error(reply: object, fault: str) -> None:
    with pytest.raises(ScorerError, match=fault):
        rule(reply)


def test_without_a_judge_the_error_says_how_to_set_one() -> None:
    with pytest.raises(ScorerError, match="'rubric' needs a judge") as raised:
        ask(Context(), QUESTION, "rubric")
    assert "judge in [eval]" in (raised.value.hint or "")
