"""Frontmatter in a partial, which is sent to the model as text.

## Finds

A partial that begins with a line `---`, lines of the form `key: value`, and another line `---`. A
single `---`, or two with prose between them, is not reported.

## Why

Only prompts have frontmatter. A partial is text from its first character on, so the model reads
`description: tone` in the middle of every prompt that includes it.

## Example

    ---
    description: How we speak to customers
    ---
    Be brief.

## Instead

    {# How we speak to customers #}
    Be brief.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity
from promptops.prompt.reference import is_partial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SYNTAX, Severity.ERROR)
_RULE = r"---[ \t]*(?:\n|\Z)"
# A key and its block: indented lines, list items, comments, empty lines.
_LINE = r"(?:[\w-]+:(?:[ \t].*)?|[ \t].*|- .*|#.*|)\n"
_FRONTMATTER = re.compile(rf"\ufeff?{_RULE}(?=(?:{_LINE})*?[\w-]+:)(?:{_LINE})+?{_RULE}")


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report the first line of such a partial."""
    if not is_partial(subject.path) or _FRONTMATTER.match(subject.text) is None:
        return
    start = subject.text.index("-")
    yield Problem(
        "the frontmatter of a partial is sent as text",
        subject.path,
        subject.position(start, start + 3),
        "remove it, or move notes for people into a comment: `{# ... #}`",
    )
