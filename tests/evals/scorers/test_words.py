"""Words in any script."""

from __future__ import annotations

import pytest

from promptops.evals.scorers.words import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat's 2nd mat.", ["the", "cat", "s", "2nd", "mat"]),
        ("STRAẞE Straße", ["strasse", "strasse"]),
        ("猫坐", ["猫", "坐"]),
        ("ab猫cd", ["ab", "猫", "cd"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("good 👍👍", ["good", "👍", "👍"]),
        ("cafe\u0301", ["caf\u00e9"]),
        ("a\u200db", ["a\u200db"]),
        ("नमस्ते", ["नमस्ते"]),
        (" \t\n", []),
        ("\u0301a", ["a"]),
    ],
)
def test_words_are_found_without_case(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_marks_are_words_only_on_request() -> None:
    assert split_words("Yes, (no)!") == ["yes", "no"]
    assert split_words("Yes, (no)!", punctuation=True) == ["yes", ",", "(", "no", ")", "!"]
