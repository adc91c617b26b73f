"""Lines that look like roles in a body without role blocks.

## Finds

A line `system:` on its own, and `user:` and `assistant:` in a body that has such a line, where no
role block is opened.

## Why

In Prompty and other formats such a line begins a message. Here it is text: everything is sent as
one user message, with the word `system:` in it.

## Example

    system:
    You triage support tickets.
    user:
    {{ ticket }}

## Instead

    {% system %}
    You triage support tickets.
    {% endsystem %}
    {% user %}
    {{ ticket }}
    {% enduser %}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import blank_code, find_place
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SYNTAX, Severity.WARNING)
_LINE = re.compile(
    r"^[ \t]*#?[ \t]*(system|user|assistant)[ \t]*:[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_OPENING = re.compile(r"\{%[-+]?\s*(?:system|user|assistant|history)\b")


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such line of the prompt's own body."""
    text = subject.text(subject.path)
    # Most bodies have role blocks, and begin with one.
    if _OPENING.search(text) is not None or _LINE.search(text) is None:
        return
    found = list(_LINE.finditer(blank_code(text)))
    if not any(match[1].lower() == "system" for match in found):
        return
    for match in found:
        start = match.start(1)
        role = match[1].lower()
        place = find_place(text, subject.first_line(subject.path), start, start + len(role))
        hint = f"put the message between `{{% {role} %}}` and `{{% end{role} %}}`"
        yield Problem(
            f"'{match[0].strip()}' is text and does not open a message", subject.path, place, hint
        )
