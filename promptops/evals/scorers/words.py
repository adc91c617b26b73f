"""Split text into words in any script, for scorers that compare words."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Scripts without spaces between words: each character counts as a word, as in BLEU's `zh`
# tokenizer.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """Return a character's class: `word`, `mark`, `alone`, `punctuation` or `space`."""
    code = ord(character)
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf":
        return "mark"
    if any(first <= code <= last for first, last in _UNSPACED) and category[0] in "LN":
        return "alone"
    if category[0] in "LN":
        return "word"
    if category[0] == "S":
        return "alone"
    return "punctuation" if category[0] == "P" else "space"


def split_words(text: str, *, punctuation: bool = False) -> list[str]:
    """Return the words of `text`, composed and with case folded; with `punctuation`, its marks too.

    Letters and digits of scripts with spaces stay together. Characters of scripts without spaces,
    and symbols such as emoji, are words of their own.
    """
    words: list[str] = []
    is_open = False
    for character in unicodedata.normalize("NFC", text.casefold()):
        kind = _kind(character)
        if kind == "mark":
            if words and is_open:
                words[-1] += character
            continue
        if kind == "word" and is_open and _kind(words[-1][0]) == "word":
            words[-1] += character
            continue
        is_open = kind in {"word", "alone"}
        if is_open or (kind == "punctuation" and punctuation):
            words.append(character)
    return words
