"""Which inputs are alike, without asking a model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.scenarios.likeness import are_alike, take_print


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ({"q": "Where is my parcel?"}, {"q": "where is my  parcel"}, True),
        ({"q": "Where is my parcel now today"}, {"q": "Where is my parcel now"}, True),
        ({"q": "Where is my parcel?"}, {"q": "Where is my money?"}, False),
        ({"q": "Where is my parcel?", "n": 1}, {"q": "Where is my parcel?", "n": 2}, False),
        ({"q": "a b c d e"}, {"q": "e d c b a"}, False),
        ({"q": "我的包裹在哪里呢今天"}, {"q": "我的包裹在哪里呢"}, True),
        ({"q": "?!"}, {"q": "..."}, False),
        ({"q": ""}, {"q": ""}, True),
        ({"q": {"a": ["x"]}}, {"q": {"a": ["x"]}}, True),
        ({"n": 1}, {"n": True}, False),
    ],
)
def test_inputs_are_alike_or_not(
    one: dict[str, Any], other: dict[str, Any], *, is_alike: bool
) -> None:
    assert are_alike(take_print(one), take_print(other)) is is_alike
    assert are_alike(take_print(other), take_print(one)) is is_alike


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_likeness_is_what_rapidfuzz_says(one: list[str], other: list[str]) -> None:
    levenshtein = pytest.importorskip("rapidfuzz.distance.Levenshtein")
    first, second = take_print({"q": " ".join(one)}), take_print({"q": " ".join(other)})
    distance = levenshtein.distance(one, other)
    assert are_alike(first, second) is (distance <= max(len(one), len(other)) * 0.2)
