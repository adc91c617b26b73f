"""Redact secrets and personal data before something is stored.

Everything that the checks `exposed-secret` and `personal-data` find is redacted: keys, tokens,
passwords in URLs, telephone numbers, bank accounts, credit cards. Placeholders and reserved numbers
stay. A match is replaced by its kind, as in `[redacted telephone number]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promptops.runtime.resolution import ResolvedPrompt

_SURROGATES = re.compile("[\ud800-\udfff]")
_ARTICLE = re.compile("^(?:an?|the) ")
# Shorter numbers are neither cards nor accounts.
_MIN_NUMBER = 10**12
_MAX_SHORT = 16_384
# The shortest possible match: a password in a URL, with its surrounding characters.
_MIN_FOUND = 8
_MIN_HIDDEN = 4


def redact(text: str) -> str:
    """Return the text without secrets and personal data; the same object if it has none."""
    if len(text) < _MIN_FOUND:
        return text
    # Cached: a run is recorded twice, and system messages repeat.
    found = _redact_short(text) if len(text) <= _MAX_SHORT else _redact(text)
    return text if found == text else found


@lru_cache(maxsize=512)
def _redact_short(text: str) -> str:
    return _redact(text)


def _redact(text: str) -> str:
    # Imported on use: reading a log does not need the patterns.
    from promptops.checks.rules import exposed_secret, personal_data

    readable = _encodable(text)
    return _replace(text, chain(exposed_secret.find(readable), personal_data.find(readable)))


def may_be_redacted(data: bytes) -> bool:
    """Return whether `redact_value` may change plain data, given as unescaped JSON.

    False is certain, because redacted texts contain characters that JSON does not escape. True is
    not certain.
    """
    return any(may_find(data) for may_find in _quick_tests())


@cache
def _quick_tests() -> tuple[Callable[[bytes], bool], ...]:
    from promptops.checks.rules import exposed_secret, personal_data

    return exposed_secret.may_find, personal_data.may_find


def find_hidden(inputs: Mapping[str, Any] | None, names: Sequence[str]) -> dict[str, str]:
    """Return the strings in inputs that must not be stored, each with its replacement."""
    found: dict[str, str] = {}
    for name in names:
        pending = [None if inputs is None else inputs.get(name)]
        while pending:
            value = pending.pop()
            if isinstance(value, str):
                # A shorter value would match everywhere, and reveals almost nothing.
                if len(value.strip()) >= _MIN_HIDDEN:
                    found[value.strip()] = f"[redacted {name}]"
            elif isinstance(value, Mapping):
                pending += value.values()
            elif isinstance(value, list | tuple):
                pending += value
            elif isinstance(value, int) and abs(value) >= 10 ** (_MIN_HIDDEN - 1):
                found[str(value)] = f"[redacted {name}]"
    return found


def hide(value: Any, hidden: Mapping[str, str]) -> Any:  # noqa: ANN401 -- any plain data
    """Return plain data with strings replaced wherever they occur, longest first.

    Replacements are not searched again.
    """
    if isinstance(value, str):
        found = [text for text in sorted(hidden, key=len, reverse=True) if text in value]
        if not found:
            return value
        return re.sub("|".join(map(re.escape, found)), lambda match: hidden[match[0]], value)
    return change_values(value, lambda one: hide(one, hidden))


def change_values(value: Any, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 -- any plain data
    """Return a mapping or list with its values changed; anything else is returned unchanged."""
    if isinstance(value, Mapping):
        return {name: change(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [change(one) for one in value]
    return value


def redact_secrets(text: str) -> str:
    """Return the text without secrets, for an error message that is always stored."""
    from promptops.checks.rules import exposed_secret

    return _replace(text, exposed_secret.find(_encodable(text)))


def redact_value(value: Any) -> Any:  # noqa: ANN401 -- any plain data
    """Return plain data with every string redacted, keys included.

    Data without anything to redact is returned as the same object.
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _redact_number(value)
    if isinstance(value, Mapping):
        return _redact_mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        items = [redact_value(one) for one in value]
        is_same = all(one is other for one, other in zip(items, value, strict=True))
        return value if is_same else items
    return value


def _redact_number(value: int) -> int | str:
    if not _MIN_NUMBER <= abs(value) < 10**20:
        return value
    text = str(value)
    found = redact(text)
    return value if found is text else found


def _redact_mapping(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    is_same = True
    result: dict[Any, Any] = {}
    for name, one in value.items():
        key = redact(name) if isinstance(name, str) else name
        # Two keys may become equal after redaction; keep both values.
        number = 2
        while key in result:
            key = f"{redact(str(name))} ({number})"
            number += 1
        result[key] = redact_value(one)
        is_same = is_same and key == name and result[key] is one
    return value if is_same else result


def _encodable(text: str) -> str:
    """Return the text with lone surrogates replaced by characters that can be encoded."""
    if text.isascii():
        return text
    return _SURROGATES.sub("\ufffd", text)


@cache
def _stand_in(what: str) -> str:
    return f"[redacted {_ARTICLE.sub('', what)}]"


def _replace(text: str, found: Iterable[tuple[str, int, int]]) -> str:
    pieces: list[str] = []
    end = 0
    # Of matches that begin at the same offset, the longest counts.
    for what, start, stop in sorted(found, key=lambda one: (one[1], -one[2])):
        if start >= end:
            pieces += (text[end:start], _stand_in(what))
        end = max(end, stop)
    return "".join((*pieces, text[end:])) if pieces else text


def hidden_inputs(prompt: ResolvedPrompt) -> list[str]:
    """Return the inputs whose values are never logged."""
    return [
        name
        for name, schema in prompt.inputs.items()
        if isinstance(schema, dict) and schema.get("redact") is True
    ]
