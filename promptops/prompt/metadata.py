"""Validate frontmatter by the schema of its keys.

Plainly valid frontmatter is recognised without the schema engine. `explanation` explains the faults
of the rest.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.prompt.schema import TYPE_WORDS, compile_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import jsonschema_rs

    from promptops.prompt.finding import Finding
    from promptops.prompt.frontmatter.document import Document


WHOLE_NUMBERS = ("max_tokens", "seed")

MAX_FAULTS = 100


@cache
def frontmatter_schema() -> dict[str, Any]:
    """Return the JSON Schema of the frontmatter, as `promptops schema` prints it."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("prompt.schema.json").read_bytes())
    return loaded


@cache
def _frontmatter_validator() -> jsonschema_rs.Draft202012Validator:
    return compile_schema(frontmatter_schema())


def check_metadata(document: Document) -> Iterator[Finding]:
    """Validate a document's frontmatter by the schema: unknown, missing and mistyped keys."""
    data = dict(document.data)
    if is_plainly_valid(data):
        return
    if _frontmatter_validator().is_valid(data) and not any(
        isinstance(data.get(key), float) for key in WHOLE_NUMBERS
    ):
        return
    from promptops.prompt.explanation import explain_faults

    yield from islice(explain_faults(document, data), MAX_FAULTS)


def is_plainly_valid(data: Mapping[str, Any]) -> bool:
    """Return whether frontmatter is certainly valid.

    Not importing the schema engine saves 20 % of a program's first `get` and 15 % of `resolve`
    (`nox -s shortcuts`). False means that the engine has to decide. A test compares this function
    with the schema.
    """
    return data.keys() >= _REQUIRED and all(
        key in _PLAIN and _PLAIN[key](value) for key, value in data.items()
    )


def _is_text(value: object) -> bool:
    # An unprintable character may be a lone surrogate, which is not JSON.
    return type(value) is str and value != "" and (value.isascii() or value.isprintable())


def _is_version(value: object) -> bool:
    numbers = value.split(".") if type(value) is str and value.isascii() else ()
    return len(numbers) == 3 and all(
        number.isdigit()
        and len(number) <= _MAX_PLAIN_DIGITS
        and (number == "0" or number[0] != "0")
        for number in numbers
    )


def _is_texts(value: object) -> bool:
    if type(value) is not list or not all(map(_is_text, value)):
        return False
    return len(set(value)) == len(value)


def _is_within(least: float, greatest: float) -> Callable[[object], bool]:
    # In Python, a boolean is an `int`.
    return lambda value: type(value) in {int, float} and least <= value <= greatest  # type: ignore[operator]


def _is_count(value: object) -> bool:
    return type(value) is int and 1 <= value <= _MAX_PLAIN_NUMBER


def _is_path(value: object) -> bool:
    return _is_text(value) and len(str(value)) <= 1024


def _is_inputs(value: object) -> bool:
    return type(value) is dict and all(
        type(name) is str and name.isascii() and name.isidentifier() and _is_input(declared)
        for name, declared in value.items()
    )


def _is_input(value: object) -> bool:
    if type(value) is not dict:
        return type(value) is str and value in TYPE_WORDS
    kind = value.get("type", "string")
    return (
        (type(kind) is str and kind in TYPE_WORDS)
        and type(value.get("description", "")) is str
        and type(value.get("untrusted", False)) is bool
        and type(value.get("redact", False)) is bool
        and _is_plain_json(value)
    )


def _is_plain_json(value: object, levels: int = 16) -> bool:
    """Return whether the engine certainly accepts a value as JSON."""
    if type(value) is str:
        return value == "" or _is_text(value)
    if type(value) is dict and levels:
        return all(
            type(key) is str and key.isascii() and _is_plain_json(item, levels - 1)
            for key, item in value.items()
        )
    if type(value) is list and levels:
        return all(_is_plain_json(item, levels - 1) for item in value)
    if type(value) in {int, float}:
        return -_MAX_PLAIN_NUMBER <= value <= _MAX_PLAIN_NUMBER  # type: ignore[operator]
    return value is None or type(value) is bool


_REQUIRED = frozenset({"version", "description", "author", "model"})

_MAX_PLAIN_DIGITS = 9

_MAX_PLAIN_NUMBER = 2**53

_PLAIN: dict[str, Callable[[object], bool]] = {
    "version": _is_version,
    "description": _is_text,
    "author": _is_text,
    "requires_review": lambda value: type(value) is bool,
    "status": lambda value: value in ("draft", "active", "deprecated"),
    "tags": _is_texts,
    "model": _is_text,
    "fallbacks": _is_texts,
    "temperature": _is_within(0, 2),
    "top_p": _is_within(0, 1),
    "max_tokens": _is_count,
    "timeout": _is_within(0.001, _MAX_PLAIN_NUMBER),
    "inputs": _is_inputs,
    "output": lambda value: _is_path(value) or (type(value) is dict and _is_plain_json(value)),
    "tools": lambda value: _is_texts(value) and all(map(_is_path, value)),  # type: ignore[call-overload]
    "evals": _is_path,
    "metadata": lambda value: type(value) is dict and _is_plain_json(value),
}
