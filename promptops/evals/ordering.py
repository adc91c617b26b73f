"""Sort samples by name, with numbers by value."""

from __future__ import annotations

import re

NaturalKey = tuple[tuple[str, int, str], ...]

_DIGITS = re.compile("([0-9]+)")


def natural_key(name: str) -> NaturalKey:
    """Return a sort key that puts `rows 2` before `rows 10`.

    Numbers are compared by length, then as text, because `int` limits the number of digits.
    """
    parts = _DIGITS.split(name)
    keys = []
    for text, digits in zip(parts[::2], [*parts[1::2], ""], strict=True):
        number = digits.lstrip("0")
        keys.append((text, len(number), number))
    return (*keys, (name, 0, ""))
