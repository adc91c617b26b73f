"""Parse JSON that every parser reads alike.

Parsers differ in duplicate keys, in whether `100.0` equals `100`, in lone surrogates, and in large
numbers. Such documents are refused; see `docs/SPEC.md`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

MAX_INTEGER = 2**53 - 1
"""The largest integer that every parser reads exactly (RFC 7493)."""

_HALF = re.compile("[\ud800-\udfff]")


def read_exact(data: bytes, *, allow_surrogates: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a document in UTF-8.

    Args:
        data: the document.
        allow_surrogates: whether escaped lone surrogates are allowed in strings.

    Raises:
        ValueError: it is not JSON, or ambiguous.
        RecursionError: it is nested too deeply.
    """
    text = data.decode()
    value = json.loads(
        text,
        object_pairs_hook=unique_members,
        parse_int=_read_integer,
        parse_float=_read_number,
        parse_constant=refuse_constant,
    )
    if not allow_surrogates and "\\u" in text:
        _refuse_halves(value)
    return value


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these members. Raises ValueError for duplicate names."""
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        message = f"the key {twice!r:.80} is given twice"
        raise ValueError(message)
    return found


def _read_integer(text: str) -> int:
    # For thousands of digits, `int` itself raises a ValueError.
    if text == "-0" or abs(int(text)) > MAX_INTEGER:
        message = f"{text:.20} is not an integer that every program can read"
        raise ValueError(message)
    return int(text)


def _read_number(text: str) -> float:
    value = float(text)
    if write_number(value) != text:
        message = f"{text:.20} is not how that number is written"
        raise ValueError(message)
    return value


def write_number(value: float) -> str | None:
    """Return a fractional number in canonical form; None if it is not allowed."""
    text = repr(value)
    return None if value.is_integer() or "e" in text or "n" in text else text


def refuse_constant(word: str) -> None:
    """Refuse NaN and Infinity, which Python's parser takes for numbers. Raises ValueError."""
    message = f"{word} is not a JSON number"
    raise ValueError(message)


def _refuse_halves(value: object) -> None:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending += [*one, *one.values()]
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, str) and _HALF.search(one):
            message = "a text has half of a surrogate pair"
            raise ValueError(message)


def normalize_numbers(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with whole numbers as integers. Raises ValueError for a forbidden number."""
    if isinstance(value, dict):
        return {key: normalize_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [normalize_numbers(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, float) and write_number(value) is None:
        message = f"{value!r} is not a number that every program writes the same way"
        raise ValueError(message)
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        message = f"{value!r:.20} is not an integer that every program can read"
        raise ValueError(message)
    return value
