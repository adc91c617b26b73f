"""Compare two sets of inputs for near equality, without a model. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from promptops.evals.scorers.words import split_words
from promptops.prompt.diff.values import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIKE = 0.8
"""The share of equal words from which two texts count as equal."""
# Long texts are compared by their beginnings.
_MAX_WORDS = 200


class InputsPrint(NamedTuple):
    """The parts of inputs that are compared.

    Attributes:
        values: the inputs with every text replaced by "".
        words: the words of all texts, in order.
    """

    values: str
    words: tuple[str, ...]


def take_print(inputs: Mapping[str, object]) -> InputsPrint:
    """Return the parts of inputs that are compared."""
    texts: list[str] = []
    values = canonical_json(_without_texts(inputs, texts))
    words = [word for text in texts for word in split_words(text[:20_000])]
    if not words:  # no words: compare characters
        words = [character for text in texts for character in text[:_MAX_WORDS]]
    return InputsPrint(values, tuple(words[:_MAX_WORDS]))


def are_alike(one: InputsPrint, other: InputsPrint) -> bool:
    """Return whether two sets of inputs have equal values and nearly equal texts.

    Texts are compared by the edit distance of their words.
    """
    if one.values != other.values:
        return False
    longer = max(len(one.words), len(other.words))
    allowed = int(longer * (1 - LIKE) + 1e-9)
    # A lower bound for the number of changed words in any order.
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
    """Return whether the edit distance in words (Levenshtein) is at most `allowed`.

    Only a band of the table is filled, because values outside exceed `allowed`.
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
