"""A judge sees two answers in both orders, and a preference for a place is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.scorers.preference import swap_pair, write_criteria, write_pair
from promptops.evals.scorers.scorer import ScorerError
from tests.evals.scorers.pieces import score

if TYPE_CHECKING:
    from promptops.evals.scorers.scorer import Score, ScorerQuestion

OURS, THEIRS = write_pair("new", "old"), write_pair("old", "new")


def compare(first_time: tuple[bool, bool], swapped: tuple[bool, bool]) -> Score:
    """Return the score of `new` against `old`, for what the judge says in each order."""
    said = {OURS: first_time, THEIRS: swapped}

    def judge(question: ScorerQuestion) -> dict[str, Any]:
        return {"criteria": [{"met": one} for one in said[question.answer]]}

    return score("preference: kinder", "new", baseline="old", judge=judge)


FIRST, SECOND, NEITHER = (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("first_time", "swapped", "value"),
    [
        (FIRST, SECOND, 1.0),
        (SECOND, FIRST, 0.0),
        (NEITHER, NEITHER, 0.5),
        (FIRST, NEITHER, 0.5),
        (NEITHER, FIRST, 0.5),
    ],
)
def test_an_answer_is_better_only_if_it_is_in_both_orders(
    first_time: tuple[bool, bool], swapped: tuple[bool, bool], value: float
) -> None:
    assert compare(first_time, swapped).value == value


@pytest.mark.parametrize("place", [FIRST, SECOND])
def test_who_prefers_a_place_contradicts_itself(place: tuple[bool, bool]) -> None:
    judged = compare(place, place)
    assert (judged.value, judged.reason) == (0.5, "the judge's choice depends on the order")


def test_two_answers_that_are_both_better_are_an_error() -> None:
    with pytest.raises(ScorerError, match="of each answer that it is better"):
        compare(FIRST, (True, True))


def never(_question: object) -> dict[str, Any]:
    pytest.fail("the judge was asked")


def test_equal_answers_are_not_compared() -> None:
    assert score("preference: kinder", "same", baseline="same", judge=never).value == 0.5


def test_without_a_baseline_nothing_is_asked() -> None:
    with pytest.raises(ScorerError, match="needs a baseline's answer"):
        score("preference: kinder", "new", judge=never)


def test_only_a_pair_can_be_swapped() -> None:
    criteria = write_criteria("kinder")
    assert swap_pair(OURS, criteria) == THEIRS
    assert swap_pair("new", criteria) is None
    assert swap_pair(OURS, ["The answer is kind."]) is None
    assert swap_pair(OURS, [criteria[0], "It is short."]) is None
