"""Untrusted inputs of any length.

## Finds

An input declared with `untrusted: true` whose schema allows a text or a list of any length.

## Why

Anyone who can send a text of any length decides what a call costs, can push your instructions out
of the model's context window, and has room for many injected instructions.

## Example

    inputs:
      ticket: {type: string, untrusted: true}

## Instead

    inputs:
      ticket: {type: string, untrusted: true, maxLength: 8000}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Problem

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SAFETY, Severity.NOTE)
_LIMITS = {"string": "maxLength", "array": "maxItems"}
# Keywords that limit a value in another way; a reference may do so too.
_CLOSED = ("enum", "const", "$ref", "format", "pattern", "allOf", "anyOf", "oneOf")


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such input at its declaration."""
    for name in sorted(subject.untrusted):
        schema = subject.input_schema(name)
        kind = schema.get("type")
        limit = _LIMITS.get(kind) if isinstance(kind, str) else None
        if limit is not None and limit not in schema and not any(key in schema for key in _CLOSED):
            what = "a text" if kind == "string" else "a list"
            message = f"untrusted input '{name}' may be {what} of any length"
            yield subject.problem(message, ["inputs", name], f"add {limit} to its schema")
