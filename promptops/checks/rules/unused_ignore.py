"""Entries of `ignore` that suppress nothing.

## Finds

A check under `ignore` that finds nothing in this prompt, does not exist, or cannot be ignored
because it reports what makes a prompt unusable.

## Why

Readers believe that the fault is still there, and a new fault of that kind would be hidden.

## Example

    ignore: {unused-input: kept for the old callers}

with every input in use.

## Instead

Take the entry out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import IgnoreSubject

RULE = CheckRule(CheckScope.IGNORE, CheckGroup.METADATA, Severity.WARNING)


def check(subject: IgnoreSubject) -> Iterator[Problem]:
    """Report each entry that was not needed."""
    document = subject.prompt.closure.document
    ignore = document.data.get("ignore")
    entries = ignore if isinstance(ignore, dict) else {}
    needless = [one for one in entries if one in subject.known and one not in subject.used]
    for check_id in entries:
        if check_id in subject.used:
            continue
        place = document.locate(["ignore", check_id], key=True)
        fix = None
        if check_id in needless:
            message, hint = f"'{check_id}' finds nothing here", "remove the entry"
            is_whole = len(needless) == len(entries)
            fix = document.find_removal(["ignore"] if is_whole else ["ignore", check_id])
        else:
            near = nearest(check_id, subject.known)
            message = f"there is no check '{check_id}' that can be ignored"
            hint = f"did you mean '{near}'?" if near else "remove the entry"
        yield Problem(message, subject.prompt.path, place, hint, (fix,) if fix else ())
