"""The word that was probably meant."""

from __future__ import annotations

import pytest

from promptops.suggestion import nearest


def test_a_near_word_is_suggested_and_no_other() -> None:
    assert nearest("temprature", ["temperature", "top_p"]) == "temperature"
    assert nearest("xyz", ["temperature"]) is None
    assert nearest("a" * 100_000, ["a" * 99_999]) is None


@pytest.mark.parametrize(
    ("word", "known", "cutoff", "expected"),
    [
        ("stagng", ["production", "staging", "stages"], 0.6, "staging"),
        ("Staging", ["staging"], 0.6, "staging"),
        ("staging", ["staging"], 1.0, "staging"),
        ("stagng", ["staging"], 0.95, None),
        ("", ["a"], 0.6, None),
        ("a", [], 0.6, None),
    ],
)
def test_the_nearest_word_is_near_enough_or_none(
    word: str, known: list[str], cutoff: float, expected: str | None
) -> None:
    assert nearest(word, iter(known), cutoff=cutoff) == expected
