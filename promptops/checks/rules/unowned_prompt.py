"""Prompts without owners in CODEOWNERS.

## Finds

A prompt that no rule of the CODEOWNERS file covers, or that a rule leaves without owners. Without
such a file nothing is reported. The prompt cannot ignore this check; `promptops.toml` can.

## Why

A change to such a prompt needs the approval of no particular person.

## Example

    /prompts/support/  @acme/support

    with a prompt prompts/sales/offer.md

## Instead

    /prompts/          @acme/prompts
    /prompts/support/  @acme/support
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.OWNERSHIP, Severity.WARNING, is_ignorable=False)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report a prompt without owners."""
    owners = subject.context.owners
    if owners is not None and not owners(subject.path):
        hint = "add a line for it to CODEOWNERS"
        yield Problem("CODEOWNERS has no owner for this prompt", subject.path, None, hint)
