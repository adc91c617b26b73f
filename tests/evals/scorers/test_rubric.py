"""Rubrics: the share of the criteria that a judge says are met."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.evals.scorers.scorer import ScorerError, ScorerQuestion
from tests.evals.scorers.pieces import is_met, judge, score

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_a_judge_is_asked_and_its_nonsense_is_an_error() -> None:
    assert is_met("rubric: It is polite.", "Please.", judge=judge(True))
    assert not is_met("rubric: [It is polite., It is short.]", "Please.", judge=judge(True, False))
    for nonsense in (judge(), judge(True, True), lambda _: {}, lambda _: {"criteria": "yes"}):
        with pytest.raises(ScorerError):
            is_met("rubric: It is polite.", "Please.", judge=nonsense)
    with pytest.raises(ScorerError):
        is_met("not_rubric: It is polite.", "Please.")


def test_the_score_is_the_share_of_met_criteria_and_names_the_others() -> None:
    ruled = score("rubric: [It is polite., It is short.]", "Please.", judge=judge(True, False))
    assert (ruled.value, ruled.reason) == (0.5, "not met: It is short. (so)")
    assert score("rubric: It is polite.", "", judge=judge(True)).reason == "all criteria are met"


def test_the_judge_gets_the_task_the_answer_and_the_reference() -> None:
    asked: list[ScorerQuestion] = []

    def reply(question: ScorerQuestion) -> Mapping[str, object]:
        asked.append(question)
        return {"criteria": [{"met": True}]}

    is_met("rubric: {criteria: [It is polite.], reference: Hi.}", "Yo.", judge=reply, task="Greet.")
    assert asked == [ScorerQuestion("Greet.", "Yo.", ("It is polite.",), "Hi.")]
