"""A CODEOWNERS file that the forge ignores.

## Finds

A CODEOWNERS file that is too large or not text, so that the forge ignores all of it; or a link or
anything else that is not a file at its path. `promptops gate` then refuses every change.

## Why

The forge knows no owners, so it asks for no approvals.

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
