"""How alike two sets of inputs are, without any model. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from promptops.evals.scorers.words import split_words
from promptops.prompt.diff.values import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIKE = 0.8
"""From this share of equal words on, two texts say the same."""
# The beginning of a long text says enough of it.
_MAX_WORDS = 200


class InputsPrint(NamedTuple):
    """What inputs are compared by.

    Attributes:
        values: everything that is no text; texts are replaced by one that is empty.
        words: the words of all texts, in order.
    """

    values: str
    words: tuple[str, ...]


def take_print(inputs: Mapping[str, object]) -> InputsPrint:
    """Return what inputs are compared by."""
    texts: list[str] = []
    values = canonical_json(_without_texts(inputs, texts))
    words = [word for text in texts for word in split_words(text[:20_000])]
    if not words:  # only marks, or nothing: the characters themselves
        words = [character for text in texts for character in text[:_MAX_WORDS]]
    return InputsPrint(values, tuple(words[:_MAX_WORDS]))


def are_alike(one: InputsPrint, other: InputsPrint) -> bool:
    """Return whether two sets of inputs say the same: equal values, and nearly equal texts.

    Texts are compared by the edit distance of their words.
    """
    if one.values != other.values:
        return False
    longer = max(len(one.words), len(other.words))
    allowed = int(longer * (1 - LIKE) + 1e-9)
    # So many words are changed at least: no order of words helps.
    common = sum((Counter(one.words) & Counter(other.words)).values())
    return longer - common <= allowed and _is_near(one.words, other.words, allowed)


def _without_texts(value: object, texts: list[str]) -> object:
    if isinstance(value, str):
        texts.append(value)
        return ""
    if isinstance(value, dict):
        return {key: _without_texts(part, texts) for key, part in sorted(value.items())}
    if isinstance(value, list):
        return [_without_texts(part, texts) for part in value]
    return value


def _is_near(one: Sequence[str], other: Sequence[str], allowed: int) -> bool:
    """Return whether at most so many words have to be changed, added or removed (Levenshtein).

    Only a band of the table is filled: values outside of it cost more than is allowed.
    """
    if abs(len(one) - len(other)) > allowed:
        return False
    far = allowed + 1
    row = [j if j <= allowed else far for j in range(len(other) + 1)]
    for i, word in enumerate(one, 1):
        first, last = max(1, i - allowed), min(len(other), i + allowed)
        above, row[first - 1] = row[first - 1], i if first == 1 else far
        least = row[first - 1]
        for j in range(first, last + 1):
            cost = min(row[j] + 1, row[j - 1] + 1, above + (word != other[j - 1]))
            above, row[j] = row[j], cost
            least = min(least, cost)
        if least > allowed:
            return False
    return row[-1] <= allowed
