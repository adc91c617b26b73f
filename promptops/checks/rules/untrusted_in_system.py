"""Untrusted inputs in a system message.

## Finds

An input declared with `untrusted: true` whose value reaches the text of a system message, in the
prompt itself or through a partial.

## Why

Models give the system message the most weight. Untrusted text in it counts as an instruction of
yours, which is the aim of prompt injection.

## Example

    {% system %}Answer questions about this page: {{ page }}{% endsystem %}

## Instead

    {% system %}Answer questions about the page that the user gives you.{% endsystem %}
    {% user %}<page>{{ page }}</page>{% enduser %}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import read_uses
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SAFETY, Severity.WARNING)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each place where the value is printed."""
    untrusted = subject.untrusted
    if not untrusted:
        return
    for path, use, role, sources in read_uses(subject):
        if role == "system" and use.printed:
            for name in sorted(sources & untrusted):
                message = f"untrusted input '{name}' is used in a system message"
                hint = "move it into a user message"
                yield Problem(message, path, use.position, hint)
