"""Prompts without any text.

## Finds

A body with only white space and comments.

## Why

There is nothing to send: rendering always fails.

## Example

    {# to be written #}

## Instead

    Summarise the ticket in one sentence: {{ ticket }}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import find_comments
from promptops.prompt.finding import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SYNTAX, Severity.ERROR)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report a body without text."""
    document = subject.closure.document
    body = document.body
    if len(body) > 1 and not body[:1].isspace() and "{#" not in body:
        return
    if not _without_comments(body).strip():
        place = Position(document.body_line, 1, document.body_line, 1)
        hint = "write the text below the frontmatter"
        yield Problem("the prompt has no text", subject.path, place, hint)


def _without_comments(text: str) -> str:
    kept, place = [], 0
    for start, end in find_comments(text):
        kept.append(text[place:start])
        place = end
    return "".join([*kept, text[place:]])
