"""What may be passed to a prompt: the kinds of values that JSON has, and nothing that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def plain_values(values: Mapping[str, object]) -> dict[str, object]:
    """Inputs as plain JSON kinds, copied, so that what a template sees is exactly what it is given.

    Subclasses of strings and numbers become what they are, tuples become lists.

    Raises:
        InputError: a value is of another kind, is not Unicode text, or contains itself.
    """
    found = {}
    for name, value in values.items():
        kind = type(value)
        if (kind is str and value.isascii()) or kind is int:  # type: ignore[attr-defined]  # a string
            found[name] = value
            continue
        try:
            found[name] = _plain(value)
        except _NotPlainError as error:
            message = f"the input `{name}` holds {error}"
            hint = "inputs are strings, numbers, booleans, none, lists and objects of these"
            raise InputError(message, hint=hint) from None
        except RecursionError:
            message = f"the input `{name}` is nested too deeply"
            raise InputError(message, hint="pass a flatter value") from None
    return found


class _NotPlainError(Exception):
    """A value that JSON has no words for."""


def _plain(value: object) -> object:
    match value:
        case None | bool():
            return value
        case str():
            if not encodable(value):
                message = "half of a surrogate pair, which is not text"
                raise _NotPlainError(message)
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case float():
            return float.__float__(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {_plain_key(key): _plain(item) for key, item in value.items()}
    message = f"a value of the type {type(value).__name__}"
    raise _NotPlainError(message)


def _plain_key(key: object) -> object:
    if isinstance(key, str):
        return _plain(key)
    message = f"an object with a key of the type {type(key).__name__}"
    raise _NotPlainError(message)


def encodable(text: str) -> bool:
    """Whether a text is Unicode that can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
