"""Estimate how many tokens a text has, without any vocabulary."""

from __future__ import annotations


def estimate_tokens(text: str) -> int:
    """Return how many tokens a text probably has.

    A middle guess: four ASCII characters to a token, one and a half of others.
    """
    if text.isascii():
        return -(-len(text) // 4)
    ascii_length = len(text.encode("ascii", "ignore"))
    return -(-ascii_length // 4) + -(-2 * (len(text) - ascii_length) // 3)
