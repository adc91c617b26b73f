"""Nearness in meaning: the cosine with the nearest of several texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.evals.scorers.registry import require
from promptops.evals.scorers.scorer import Context, ScorerError
from promptops.evals.scorers.similar import cosine
from tests.evals.scorers.pieces import check, score

if TYPE_CHECKING:
    from collections.abc import Sequence

VECTORS = {"answer": (3.0, 4.0), "near": (6.0, 8.0), "aside": (4.0, -3.0), "against": (-3.0, -4.0)}


def embed(texts: Sequence[str]) -> list[Sequence[float]]:
    return [VECTORS[one] for one in texts]


@pytest.mark.parametrize(
    ("expectation", "value"),
    [
        ("similar: near", 1.0),
        ("similar: aside", 0.0),
        ("similar: against", 0.0),
        ("similar: [against, near, aside]", 1.0),
    ],
)
def test_the_nearest_text_counts(expectation: str, value: float) -> None:
    assert score(expectation, "answer", embed=embed).value == pytest.approx(value)


def test_an_empty_answer_is_near_nothing_and_costs_nothing() -> None:
    assert score("similar: near", " \n", embed=lambda _: pytest.fail("was asked")).value == 0


def test_vectors_that_are_missing_are_an_error() -> None:
    with pytest.raises(ScorerError, match="another number of vectors"):
        score("similar: [near, aside]", "answer", embed=lambda texts: embed(texts)[:2])


@pytest.mark.parametrize(
    ("one", "other", "fault"),
    [
        ((1.0, 0.0), (1.0,), "of different lengths"),
        ((0.0, 0.0), (1.0, 0.0), "without a direction"),
        ((float("nan"), 1.0), (1.0, 0.0), "without a direction"),
        ((float("inf"), 1.0), (1.0, 0.0), "without a direction"),
    ],
)
def test_a_cosine_that_is_undefined_is_an_error(
    one: Sequence[float], other: Sequence[float], fault: str
) -> None:
    with pytest.raises(ScorerError, match=fault):
        cosine(one, other)


def test_the_model_is_tried_before_the_eval_begins() -> None:
    tried: list[Sequence[str]] = []

    def note(texts: Sequence[str]) -> list[Sequence[float]]:
        tried.append(texts)
        return []

    require(check("similar: near"), Context(embed=note))
    assert tried == [[]]
    with pytest.raises(ScorerError, match="needs an embedding model"):
        require(check("similar: near"), Context())
