"""A CODEOWNERS file that says nothing about anything.

## Finds

A CODEOWNERS file that the forge ignores as a whole, since it is too large or no text, and a link or
something else that is no file in its place. `promptops gate` refuses every change then.

## Why

Nobody can tell who owns what, so nobody is asked for an approval.

## Example

    a CODEOWNERS file of four megabytes, with a line for each file

## Instead

    /prompts/support/  @acme/support
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.OWNERSHIP, Severity.ERROR)


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report such a file; it is outside the prompts folder."""
    fault = subject.context.owners_fault
    if fault is not None:
        message = f"the owners cannot be read: {fault.message}"
        yield Problem(message, f"/{fault.path}", None, fault.hint)
