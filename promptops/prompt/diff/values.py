"""Compare JSON values. Python's equality is not JSON's: it says that 1 equals True."""

from __future__ import annotations

import json


def same_json(left: object, right: object) -> bool:
    """Return whether two JSON values are equal: 1 equals 1.0 but not true; key order does not
    matter.
    """
    if left is right:
        return True
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return canonical_json(left) == canonical_json(right)


def canonical_json(value: object) -> str:
    """Return the canonical text of a JSON value: equal values have equal texts."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
