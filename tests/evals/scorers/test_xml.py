"""XML: how deep an answer may be nested."""

from __future__ import annotations

import pytest

from tests.evals.scorers.pieces import is_met, score


@pytest.mark.parametrize(("depth", "met"), [(150, True), (200, True), (201, False), (300, False)])
def test_an_answer_is_nested_up_to_a_limit(depth: int, met: bool) -> None:
    assert is_met("xml: true", "<a>" * depth + "</a>" * depth) is met


def test_the_reason_names_the_limit() -> None:
    deep = score("xml: true", "<a>" * 201 + "</a>" * 201)
    assert deep.reason == "it is nested more than 200 deep"
