"""Agreement with a reference, criterion by criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.evals.scorers.pieces import judge, score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.evals.scorers.scorer import ScorerQuestion


def test_each_unmet_criterion_takes_its_share() -> None:
    assert score("factual: In 30 days.", "Soon.", judge=judge(True, False)).value == 0.5
    assert score("factual: In 30 days.", "Soon.", judge=judge(True, True)).value == 1


def test_completeness_is_asked_for_only_on_request() -> None:
    asked: list[ScorerQuestion] = []

    def reply(question: ScorerQuestion) -> Mapping[str, object]:
        asked.append(question)
        return {"criteria": [{"met": True}] * len(question.criteria)}

    score("factual: In 30 days.", "Soon.", judge=reply)
    score("factual: {reference: In 30 days., complete: true}", "Soon.", judge=reply)
    assert [one.reference for one in asked] == ["In 30 days.", "In 30 days."]
    assert asked[1].criteria[:-1] == asked[0].criteria
    assert asked[1].criteria[-1].startswith("Every fact of the answer known to be good")
