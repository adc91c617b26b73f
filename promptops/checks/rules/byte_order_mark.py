"""Files that begin with a byte order mark.

## Finds

The character U+FEFF at the very beginning of a file, as some editors on Windows write it.

## Why

It is invisible and changes the digest; in a partial it ends up in the middle of a message.

## Example

    <U+FEFF>---
    version: 1.0.0

## Instead

Save the file as "UTF-8", not as "UTF-8 with BOM".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Fix, Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SYNTAX, Severity.WARNING)


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report the mark."""
    if subject.text.startswith("\ufeff"):
        yield Problem(
            "the file begins with a byte order mark",
            subject.path,
            Position(1, 1, 1, 1),
            "save it as UTF-8 without a byte order mark",
            (Fix(subject.path, 0, 1, ""),),
        )
