"""Drafts that are live in an environment.

## Finds

A prompt whose file says `status: draft` while a version of it is live in an environment.
Environments are read from this clone; the remote is not asked.

## Why

Either the prompt is done and its status is wrong, so that `release --all` keeps skipping it, or
users get answers from a prompt that its author considers unfinished.

## Example

    status: draft

    promptops list --live: support/triage is live in production

## Instead

    status: active
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.METADATA, Severity.WARNING)


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report the status of each such prompt."""
    drafts = {name: prompt for name, prompt in subject.texts.items() if prompt.draft is not None}
    if not drafts or subject.context.list_live is None:
        return
    live = subject.context.list_live()
    for name, prompt in sorted(drafts.items()):
        if live.get(name):
            message = f"the draft is live in {' and '.join(live[name])}"
            retire = f"promptops retire {name} --env {live[name][-1]} --reason TEXT"
            hint = f"write 'status: active', or run {retire}"
            yield Problem(message, prompt.path, prompt.draft, hint)
