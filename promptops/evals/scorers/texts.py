"""Shared helpers of text scorers: values as text, case folding, shortened quotations."""

from __future__ import annotations

import json
from typing import Any

_MAX_QUOTE = 60


def as_text(value: str | float | bool) -> str:  # noqa: FBT001 - any scalar of YAML
    """Return a scalar as text: 42 as `42`, true as `true`."""
    return value if isinstance(value, str) else json.dumps(value)


def quoted(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value for a message: in quotes or as JSON, on one line and shortened."""
    text = (
        f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    ).replace("\n", "⏎")
    return text if len(text) <= _MAX_QUOTE else f"{text[:40]}…{text[-15:]}"


def folded(text: str, argument: object) -> str:
    """`text` for comparing: folded for `case: false`, in lower case for `case: lower`."""
    case = argument.get("case") if isinstance(argument, dict) else None
    if case is False:
        return text.casefold()
    if case == "lower":
        return text.lower()
    return text
