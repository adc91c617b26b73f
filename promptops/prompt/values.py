"""Convert input values that arrive as text: from a command line, a form or an untyped protocol."""

from __future__ import annotations

import json
from typing import Any

from promptops.errors import InputError, quote
from promptops.prompt.exact_json import refuse_constant


def read_value(name: str, text: str, schema: object) -> Any:  # noqa: ANN401 - any JSON value
    """Convert a text to its input's declared type.

    An input that may be a string gets the text unchanged, unless its `enum` lists another value
    that is written like this. All others are parsed as JSON.

    Args:
        name: the input, for the error.
        text: the given text.
        schema: the input's declaration: the name of a type, a JSON Schema, or None.

    Raises:
        InputError: the text is not JSON.
    """
    types = list_types(schema)
    stripped = text.strip()
    if not types or "string" in types:
        choices = schema.get("enum") if isinstance(schema, dict) else None
        if isinstance(choices, list) and text not in choices:
            others = (one for one in choices if not isinstance(one, str))
            return next((one for one in others if write_value(one) == stripped), text)
        return text
    try:
        value = json.loads(stripped, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        wanted = " or ".join(types)
        raise InputError(f"input '{name}' takes {wanted}, not {quote(stripped)}") from None
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def write_value(value: object) -> str:
    """Return a listed value as the text from which `read_value` makes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def list_types(schema: object) -> list[str]:
    """Return the names of the types that an input's declaration allows, as far as it says so.

    Args:
        schema: the name of a type, a JSON Schema, or None.
    """
    kind = schema.get("type") if isinstance(schema, dict) else schema
    if isinstance(schema, dict) and kind is None:
        allowed = schema.get("enum", [schema["const"]] if "const" in schema else [])
        if allowed and not any(isinstance(value, str) for value in allowed):
            return ["JSON"]
    if isinstance(kind, str):
        return [kind]
    return [str(one) for one in kind] if isinstance(kind, list) else []
