"""Messages in an order that models do not accept.

## Finds

A system message after messages of other roles, and an assistant message before the first user
message.

## Why

Providers expect one system message at the beginning. Elsewhere some reject it, some move it to the
front and some accept it, so the same prompt means different things. Several reject a conversation
that begins with the assistant.

## Example

    {% user %}{{ ticket }}{% enduser %}
    {% system %}You triage tickets.{% endsystem %}

## Instead

    {% system %}You triage tickets.{% endsystem %}
    {% user %}{{ ticket }}{% enduser %}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SYNTAX, Severity.WARNING)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report the first message of each kind that is in the wrong place."""
    analysis = subject.analyses.get(subject.path)
    if analysis is None or not analysis.roles:
        return
    messages = sorted(
        [*analysis.roles, *(("history", place) for _, place in analysis.histories)],
        key=lambda message: message[1],
    )
    talk = [role for role, _ in messages if role != "system"]
    if talk[:1] == ["assistant"]:
        place = next(place for role, place in messages if role == "assistant")
        hint = "begin with a user message"
        yield Problem(
            "an assistant message comes before the first user message", subject.path, place, hint
        )
    begun = None
    for role, place in messages:
        if role != "system":
            begun = begun or role
        elif begun is not None:
            before = "history" if begun == "history" else f"the first {begun} message"
            hint = "move it to the beginning, or make it a user message"
            yield Problem(f"a system message after {before}", subject.path, place, hint)
            return
