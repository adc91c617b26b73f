"""Estimate how many tokens a text has, without any vocabulary."""

from __future__ import annotations


def estimate_tokens(text: str) -> int:
    """Return roughly how many tokens a text has.

    Assumes four ASCII characters, or one and a half other characters, for each token.
    """
    if text.isascii():
        return -(-len(text) // 4)
    ascii_length = len(text.encode("ascii", "ignore"))
    return -(-ascii_length // 4) + -(-2 * (len(text) - ascii_length) // 3)
