"""Messages without content.

## Finds

A role block with only white space and comments.

## Why

An empty message is left out when the prompt is rendered. Its text was probably forgotten.

## Example

    {% system %}
    {% endsystem %}
    {% user %}{{ ticket }}{% enduser %}

## Instead

    {% system %}
    Summarise the ticket in one sentence.
    {% endsystem %}
    {% user %}{{ ticket }}{% enduser %}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SYNTAX, Severity.WARNING)
_EMPTY = re.compile(
    r"\{%[-+]?\s*(system|user|assistant)\s*[-+]?%\}(?:\s+|\{#[^#]*(?:#(?!\})[^#]*)*#\})*"
    r"\{%[-+]?\s*end\1\s*[-+]?%\}"
)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each empty message at the tag that opens it."""
    analysis = subject.analyses.get(subject.path)
    if analysis is None or not analysis.roles:
        return
    document = subject.closure.document
    # Tags in a raw block are text.
    opened = {(place.line, place.column): (role, place) for role, place in analysis.roles}
    for match in _EMPTY.finditer(document.body):
        line = document.body_line + document.body.count("\n", 0, match.start())
        column = match.start() - document.body.rfind("\n", 0, match.start())
        if (line, column) in opened:
            role, place = opened[line, column]
            hint = "write its text, or remove the block"
            yield Problem(f"the {role} message is empty", subject.path, place, hint)
