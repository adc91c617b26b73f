"""Prompts that must be reviewed and have only one owner.

## Finds

`requires_review: true` on a prompt whose only owner, by CODEOWNERS, is one person. Without a
CODEOWNERS file nothing is reported. The prompt cannot ignore this check; `promptops.toml` can.

## Why

Forges do not let authors approve their own changes: if the owner is the author, the review either
cannot happen or is skipped.

## Example

    requires_review: true

    and in CODEOWNERS:  /prompts/  @jane

## Instead

    /prompts/  @acme/prompts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Problem

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.OWNERSHIP, Severity.WARNING, is_ignorable=False)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report the key of a prompt that one person owns."""
    find_owners = subject.context.owners
    if find_owners is None or subject.closure.document.data.get("requires_review") is not True:
        return
    owners = find_owners(subject.path)
    # `@org/team`, and GitLab's roles `@@maintainer`, may be several people.
    if len(owners) == 1 and "/" not in owners[0] and not owners[0].startswith("@@"):
        message = (
            f"{owners[0]} is the only owner of this prompt, and nobody may approve their own change"
        )
        hint = "add a team or a second owner to CODEOWNERS"
        yield subject.problem(message, ["requires_review"], hint)
