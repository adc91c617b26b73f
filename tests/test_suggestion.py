"""The word that was probably meant."""

from __future__ import annotations

from promptops.suggestion import nearest


def test_a_near_word_is_suggested_and_no_other() -> None:
    assert nearest("temprature", ["temperature", "top_p"]) == "temperature"
    assert nearest("xyz", ["temperature"]) is None
    assert nearest("a" * 100_000, ["a" * 99_999]) is None
