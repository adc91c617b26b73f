"""How many tokens a text has, roughly."""

from __future__ import annotations

import pytest

from promptops.prompt.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("four", 1),
        ("fives", 2),
        ("日本語", 2),
        ("日本語の", 3),
        # Both kinds are rounded up by themselves.
        ("a日", 2),
        ("four日本語", 3),
    ],
)
def test_other_scripts_take_more_tokens_than_ascii(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
