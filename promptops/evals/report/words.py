"""Compare two answers word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple

_WORDS = re.compile(r"\s+|[\w'\u2019-]+|.", re.UNICODE)
# The comparison is quadratic; larger texts are shown without it.
_MAX_WORDS = 4000


class WordPiece(NamedTuple):
    """A part of the text of both answers or of one of them.

    Attributes:
        text: the text.
        side: `both`, `old` or `new`.
    """

    text: str
    side: str


def compare_words(old: str, new: str) -> list[WordPiece]:
    """Return both texts as one sequence of common and different pieces."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) + len(after) > _MAX_WORDS:
        return [WordPiece(old, "old"), WordPiece(new, "new")]
    pieces: list[WordPiece] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(WordPiece("".join(before[a:b]), "both"))
            continue
        if b > a:
            pieces.append(WordPiece("".join(before[a:b]), "old"))
        if d > c:
            pieces.append(WordPiece("".join(after[c:d]), "new"))
    return pieces


def mark_words(old: str, new: str) -> str:
    """Return the difference as `git diff --word-diff` writes it: [-old-]{+new+}."""
    forms = {"both": "{}", "old": "[-{}-]", "new": "{{+{}+}}"}
    return "".join(forms[one.side].format(one.text) for one in compare_words(old, new))
