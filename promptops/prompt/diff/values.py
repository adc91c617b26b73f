"""Equality of JSON values: what Python calls equal is not always the same to a program."""

from __future__ import annotations

import json


def same_json(left: object, right: object) -> bool:
    """JSON equality: 1 is 1.0 but never true, and the order of keys is of no account."""
    return canonical_json(left) == canonical_json(right)


def canonical_json(value: object) -> str:
    """Return one text for each JSON value."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
