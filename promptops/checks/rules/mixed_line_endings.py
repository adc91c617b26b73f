"""Files whose lines end in different ways.

## Finds

A file in which some lines end in CRLF, or in CR alone, and others in LF.

## Why

Newlines are normalized before a prompt is digested and rendered, so nothing breaks. But tools that
compare files show changes where there are none, and an editor may rewrite the whole file.

## Example

    You are brief.<CR><LF>
    You are kind.<LF>

## Instead

    You are brief.<LF>
    You are kind.<LF>
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Fix, Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SYNTAX, Severity.NOTE)
_END = re.compile(rb"\r\n|\r|\n")
_NOT_LF = re.compile("\r\n?")
# For larger files, an editor's conversion is faster than this many edits.
_MAX_FIXES = 10_000
_NAMES = {b"\r\n": "CRLF", b"\r": "CR", b"\n": "LF"}


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report the first line that has another newline than line 1."""
    data = subject.data
    if b"\r" not in data:
        return
    usual = None
    for number, match in enumerate(_END.finditer(data), 1):
        if usual is None:
            usual = match[0]
        elif match[0] != usual:
            message = f"line {number} ends in {_NAMES[match[0]]}, the first one in {_NAMES[usual]}"
            place = Position(number, 1, number, 1)
            fixes: tuple[Fix, ...] = ()
            if data.count(b"\r") <= _MAX_FIXES:
                fixes = tuple(_fixes(subject.path, data.decode(errors="replace")))
            yield Problem(message, subject.path, place, "use LF for all lines", fixes)
            return


def _fixes(path: str, text: str) -> Iterator[Fix]:
    shorter = 0
    for match in _NOT_LF.finditer(text):
        start = match.start() - shorter
        yield Fix(path, start, start + 1, "\n")
        shorter += len(match[0]) - 1
