"""Variables that the template reads but the prompt does not declare as inputs.

## Finds

A name in the body, in a partial at any depth or in a route's condition, that is neither declared
under `inputs` nor set by the template itself.

## Why

No caller can pass an undeclared input, so the call always fails where the name is read.

## Example

    inputs: {ticket: string}
    ---
    {{ tikcet }}

## Instead

    inputs: {ticket: string}
    ---
    {{ ticket }}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import route_names
from promptops.prompt.finding import Problem, Severity
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.TEMPLATE, Severity.ERROR)
# Names of other template engines, and names whose value depends on time or machine.
_NEVER_THE_SAME = frozenset(
    ["now", "utcnow", "today", "random", "randint", "uuid", "uuid4", "lipsum", "env", "getenv"]
)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each undeclared name once in each file, where it is first read."""
    seen: set[tuple[str, frozenset[str]]] = set()
    reported: set[tuple[str, str]] = set()
    pending: list[tuple[str, frozenset[str]]] = [(subject.path, frozenset())]
    while pending:
        step = pending.pop()
        path, visible = step
        analysis = subject.analyses.get(path)
        if analysis is None or step in seen:
            continue
        seen.add(step)
        for name, places in analysis.undeclared.items():
            if name in subject.inputs or name in visible or (path, name) in reported:
                continue
            reported.add((path, name))
            whose = "a declared input" if path == subject.path else f"an input of {subject.name}"
            yield Problem(f"'{name}' is not {whose}", path, places[0], _hint(subject, name))
        pending.extend(
            (include.path, visible.union(include.scope)) for include in analysis.includes
        )
    for place, name in route_names(subject):
        if name not in subject.inputs:
            message = f"the condition reads '{name}', which is not a declared input"
            yield subject.problem(message, place, _hint(subject, name))


def _hint(subject: PromptSubject, name: str) -> str:
    near = nearest(name, subject.inputs)
    if near is None and name in _NEVER_THE_SAME:
        return f"rendering is deterministic: declare '{name}' under 'inputs' and pass the value"
    if near is None and not name.isascii():
        return f"use only ASCII letters, digits and '_' in '{name}'"
    return f"did you mean '{near}'?" if near else f"add '{name}: string' under 'inputs'"
