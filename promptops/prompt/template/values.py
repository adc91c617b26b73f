"""Check and convert input values: only JSON types, no objects with behaviour."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from promptops.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_ATOMS = frozenset({str, int, float, bool, type(None)})
_KINDS = _ATOMS | {list, dict}
_KEYS = frozenset({str})

MAX_LEVELS = 100
"""The maximum nesting of lists and objects."""


def plain_values(values: Mapping[str, object]) -> Mapping[str, object]:
    """Convert inputs to plain JSON types.

    Subclasses of strings and numbers become their base type, tuples become lists. Values that are
    plain already are neither copied nor changed.

    Raises:
        InputError: a value is of another kind, or is nested too deeply.
    """
    return values if _are_plain(values.values()) else _made_plain(values)


def _are_plain(values: Iterable[object]) -> bool:
    """Return whether values are plain. Goes level by level, with a few built-in calls each, for
    speed.
    """
    level = list(values)
    for _ in range(MAX_LEVELS):
        kinds = set(map(type, level))
        if kinds <= _ATOMS:
            return True
        if not kinds <= _KINDS:
            return False
        inner: list[object] = []
        if list in kinds:
            for item in level:
                if type(item) is list:
                    inner += item
        if dict in kinds:
            objects = [item for item in level if type(item) is dict]
            if not set(map(type, chain.from_iterable(objects))) <= _KEYS:
                return False
            inner.extend(chain.from_iterable(map(dict.values, objects)))
        level = inner
    return False


def _made_plain(values: Mapping[str, object]) -> dict[str, object]:
    found = {}
    for name, value in values.items():
        try:
            found[name] = _plain(value, MAX_LEVELS)
        except _NotPlainError as error:
            message = f"the input `{name}` holds {error}"
            hint = "inputs are strings, numbers, booleans, none, lists and objects of these"
            raise InputError(message, hint=hint) from None
    return found


class _NotPlainError(Exception):
    """A value without a JSON type."""


def _plain(value: object, levels: int) -> object:
    if not levels:
        message = f"more than {MAX_LEVELS} lists and objects in each other"
        raise _NotPlainError(message)
    match value:
        case None | bool():
            return value
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case list() | tuple():
            return [_plain(item, levels - 1) for item in value]
        case dict():
            return {_plain_key(key): _plain(item, levels - 1) for key, item in value.items()}
    message = f"a value of the type {type(value).__name__}"
    raise _NotPlainError(message)


def _plain_key(key: object) -> object:
    if isinstance(key, str):
        return str.__str__(key)
    message = f"an object with a key of the type {type(key).__name__}"
    raise _NotPlainError(message)
