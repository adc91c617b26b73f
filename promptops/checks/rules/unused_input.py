"""Inputs that are declared but never read.

## Finds

A name under `inputs` that neither the body, nor a partial, nor a route's condition reads.

## Why

Callers pass a value that the model never sees, and readers believe that it does.

## Example

    inputs: {ticket: string, language: string}
    ---
    {{ ticket }}

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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.TEMPLATE, Severity.WARNING)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each input that nothing reads, at its name."""
    if not subject.inputs or not subject.is_parsed:
        return
    used = {name for analysis in subject.analyses.values() for name in analysis.undeclared}
    unused = [name for name in subject.inputs if name not in used]
    if unused:
        used |= {name for _, name in route_names(subject)}
    for name in unused:
        if name not in used:
            place = subject.closure.document.locate(["inputs", name], key=True)
            message = f"input '{name}' is never used"
            yield Problem(message, subject.path, place, "use it, or remove it")
