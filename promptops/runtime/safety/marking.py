"""Mark untrusted texts: clean them, limit their length, and enclose them in unguessable delimiters.

Rendering is deterministic: rendered messages, the log, the cache and cassettes have a fixed
placeholder instead of the delimiter's secret. Only the sent request has the secret: an HMAC of the
inputs, so that equal requests with the same key stay equal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from promptops.errors import InputError

# As long as its replacement, so that the token estimate of the request is the same.
PLACEHOLDER = "0000placeholder0"
OPENING = f"<untrusted-{PLACEHOLDER}>"
CLOSING = f"</untrusted-{PLACEHOLDER}>"
# Characters without meaning that replace the delimiters while the template runs, so that filters
# see only two more characters.
_BEGIN, _END = "\ue5d0", "\ue5d1"
# Removed: tag characters (U+E0000), which only models see, and bidirectional controls, which change
# the order that people see. Not removed: joiners (U+200C, U+200D) and the marks U+200E, U+200F and
# U+061C, which Persian, Hindi, Arabic and Hebrew need.
_UNSEEN = re.compile(
    "[\U000e0000-\U000e007f\u202a-\u202e\u2066-\u2069\ue5d0\ue5d1\u200b\u2060\ufeff]"
)


def clean(text: str) -> str:
    """Return a text without invisible characters that models read."""
    found = text if text.isascii() else _UNSEEN.sub("", text)
    return found.replace(PLACEHOLDER, "").replace("untrusted-", "untrusted - ")


def mark_inputs(
    inputs: Mapping[str, object], schemas: Mapping[str, Any], longest: int
) -> dict[str, object]:
    """Return the inputs with untrusted texts cleaned and marked. Raises InputError if one is too
    long.

    Args:
        inputs: the complete, valid inputs.
        schemas: the inputs' schemas. Untrusted are those with `untrusted: true` and without `enum`,
            whose values the prompt's author wrote.
        longest: the maximum length of a text, in characters.
    """
    return {
        name: _mark(value, name, longest) if is_untrusted(schemas.get(name)) else value
        for name, value in inputs.items()
    }


def is_untrusted(schema: object) -> bool:
    """Return whether an input is declared as untrusted."""
    return (
        isinstance(schema, Mapping)
        and schema.get("untrusted") is True
        and "enum" not in schema
        and "const" not in schema
    )


def untrusted_texts(inputs: Mapping[str, object], schemas: Mapping[str, Any]) -> list[str]:
    """Return all texts in untrusted inputs."""
    found: list[str] = []
    pending = [value for name, value in inputs.items() if is_untrusted(schemas.get(name))]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, Mapping):
            pending += value.values()
        elif isinstance(value, list | tuple):
            pending += value
    return found


def place_delimiters(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rendered messages with delimiters, which contain placeholders, around marked texts."""
    return [{name: _place(value) for name, value in message.items()} for message in messages]


def remove_delimiters(text: str) -> str:
    """Return a rendered text without delimiters."""
    return text.replace(f"{OPENING}\n", "").replace(f"\n{CLOSING}", "")


def put_secret(messages: Sequence[Mapping[str, Any]], secret: str) -> list[Mapping[str, Any]]:
    """Return messages with the placeholder replaced by a secret."""
    return [
        {name: _replace(value, PLACEHOLDER, secret) for name, value in message.items()}
        for message in messages
    ]


def make_secret(key: bytes, *parts: object) -> str:
    """Return a keyed hash of `parts`: 16 hexadecimal digits."""
    data = json.dumps(parts, sort_keys=True, default=repr).encode("utf-8", "surrogatepass")
    return hmac.new(key, data, hashlib.sha256).hexdigest()[: len(PLACEHOLDER)]


def _mark(value: object, name: str, longest: int) -> object:
    if isinstance(value, str):
        if len(value) > longest:
            raise InputError(
                f"untrusted input '{name}' has {len(value):,} characters; {longest:,} are allowed",
                hint="shorten it, or raise characters in [safety]",
            )
        found = clean(value)
        # Empty texts stay empty: templates test for them.
        return f"{_BEGIN}{found}{_END}" if found.strip() else found
    if isinstance(value, Mapping):
        return {key: _mark(one, name, longest) for key, one in value.items()}
    if isinstance(value, list):
        return [_mark(one, name, longest) for one in value]
    return value


def _place(value: Any) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, str):
        if _BEGIN not in value and _END not in value:
            # The escaped form, as `tojson` writes it.
            return _place_escaped(value) if "\\ue5d" in value else value
        # A filter may have removed the end or the beginning of a text.
        missing = value.count(_BEGIN) - value.count(_END)
        text = value + _END * missing if missing > 0 else value
        text = _BEGIN * -missing + text if missing < 0 else text
        return text.replace(_BEGIN, f"{OPENING}\n").replace(_END, f"\n{CLOSING}")
    if isinstance(value, list):
        return [_place(one) for one in value]
    if isinstance(value, dict):
        return {name: _place(one) for name, one in value.items()}
    return value


def _place_escaped(text: str) -> str:
    return text.replace("\\ue5d0", OPENING).replace("\\ue5d1", CLOSING)


def _replace(value: Any, old: str, new: str) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_replace(one, old, new) for one in value]
    if isinstance(value, dict):
        return {name: _replace(one, old, new) for name, one in value.items()}
    return value
