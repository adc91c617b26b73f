"""Encode many small values as JSON."""

from __future__ import annotations

import json
from json.encoder import (  # type: ignore[attr-defined]
    c_make_encoder,
    encode_basestring,
)
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def make_encoder(
    *, sort_keys: bool = False, separators: tuple[str, str] = (", ", ": ")
) -> Callable[[Any], str]:
    """Return a function that encodes values, without escapes for other characters than ASCII.

    `JSONEncoder.encode` makes an encoder in C for each call, which takes a third of the time that a
    small value takes. Where Python has none, its own encoder does the same.
    """
    if c_make_encoder is None:
        slow = json.JSONEncoder(sort_keys=sort_keys, separators=separators, ensure_ascii=False)
        return slow.encode
    item, key = separators
    made = c_make_encoder(None, _refuse, encode_basestring, None, key, item, sort_keys, False, True)
    return lambda value: "".join(made(value, 0))


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"a {type(value).__name__} is no JSON value")
