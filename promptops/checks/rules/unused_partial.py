"""Partials that no prompt includes.

## Finds

A file whose path has a segment beginning with `_` and which is part of no prompt.

## Why

It is reviewed and maintained for nothing, or an include is missing.

## Example

    prompts/_shared/old-tone.md, included nowhere

## Instead

Include it, or delete it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity
from promptops.prompt.reference import is_partial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.TEMPLATE, Severity.WARNING)


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report each partial outside of every closure."""
    for path in subject.paths:
        if path in subject.used or not is_partial(path):
            continue
        if path.rsplit("/", 1)[-1] != "README.md":
            yield Problem("no prompt includes this partial", path, None, "include it or delete it")
