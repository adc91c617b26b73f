"""Unresolved merge conflicts.

## Finds

A line of seven `<` and a name, later one of seven `=`, later one of seven `>` and a name, all at
the beginning of their lines: both sides of an unresolved conflict. Blocks with names in capitals,
such as SEARCH and REPLACE, are a format in which models write edits, and are not reported.

## Why

The file is still valid, so both wordings would be released and sent to the model.

## Example

    <<<<<<< HEAD
    Be friendly.
    =======
    Be brief.
    >>>>>>> shorter

## Instead

    Be friendly and brief.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SYNTAX, Severity.ERROR)
# A line of `=` alone underlines a Markdown heading; only all three marks make a conflict.
_MARK = re.compile(r"^(?:(<{7}) (\S.*)|(={7})|(>{7}) (\S.*))$", re.MULTILINE)
_MAX_PROBLEMS = 20


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each conflict at its first mark."""
    text = subject.text
    if "\n>>>>>>> " not in text:
        return
    opened: re.Match[str] | None = None
    parted = False
    found = 0
    for mark in _MARK.finditer(text):
        if mark[1]:
            opened, parted = mark, False
        elif mark[3]:
            parted = opened is not None
        elif opened is not None and parted:
            if not _is_edit(opened[2], mark[5]):
                found += 1
                yield Problem(
                    "unresolved merge conflict",
                    subject.path,
                    subject.position(opened.start(1), opened.end(1)),
                    "resolve the conflict and remove the markers",
                )
            if found == _MAX_PROBLEMS:
                return
            opened = None


def _is_edit(before: str, after: str) -> bool:
    """Return whether the marks belong to an edit format: Git's labels are not in capitals, except
    HEAD.
    """
    return before.isupper() and after.isupper() and before.split(maxsplit=1)[0] != "HEAD"
