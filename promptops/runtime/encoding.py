"""Encode many small values as JSON."""

from __future__ import annotations

import json
from json.encoder import (  # type: ignore[attr-defined]
    c_make_encoder,
    encode_basestring,
    encode_basestring_ascii,
)
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"a {type(value).__name__} is not a JSON value")


def make_encoder(
    *,
    sort_keys: bool = False,
    separators: tuple[str, str] = (", ", ": "),
    is_ascii: bool = False,
    default: Callable[[Any], Any] = _refuse,
) -> Callable[[Any], str]:
    """Return a function that encodes values as JSON.

    Args:
        sort_keys: whether to sort keys.
        separators: the texts between items and after a key.
        is_ascii: whether to escape non-ASCII characters.
        default: converts an unsupported value to a JSON value.

    `JSONEncoder.encode` creates a C encoder for each call, which takes a third of the time for a
    small value. Without the C encoder, Python's own is used.
    """
    if c_make_encoder is None:
        slow = json.JSONEncoder(
            sort_keys=sort_keys, separators=separators, ensure_ascii=is_ascii, default=default
        )
        return slow.encode
    item, key = separators
    text = encode_basestring_ascii if is_ascii else encode_basestring
    made = c_make_encoder(None, default, text, None, key, item, sort_keys, False, True)
    return lambda value: "".join(made(value, 0))
