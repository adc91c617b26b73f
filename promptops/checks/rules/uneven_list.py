"""Numbered lists with gaps or repeated numbers.

## Finds

A numbered Markdown list in which a number is not one more than the number before it: `1. 2. 4.`
Lists that repeat one number (`1. 1. 1.`) and code are ignored.

## Why

Markdown formatters renumber such a list, so "follow rule 4" then means another rule. A missing or
repeated number is usually a mistake.

## Example

    1. Be brief.
    2. Be kind.
    4. Never refund more than 100.

## Instead

    1. Be brief.
    2. Be kind.
    3. Never refund more than 100.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import blank_code
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SYNTAX, Severity.NOTE)
# The beginning of every item except one on the first line; much faster than `_ITEM`.
_DIGIT = re.compile(r"\n {0,3}[0-9]")
_ITEM = re.compile(r"^( {0,3})(\d{1,9})([.)])[ \t]", re.MULTILINE)
# A list ends at unindented text after an empty line, a heading, a rule, or a template tag.
_END = re.compile(r"\n[ \t]*\n(?=[^\s\d])|^(?:#|---|\{%)", re.MULTILINE)


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each number that does not follow the one before it."""
    if not subject.path.endswith((".md", ".txt")) or len(_DIGIT.findall(subject.text)) < 2:
        return
    if len(_ITEM.findall(subject.text)) < 3:
        return
    text = blank_code(subject.text)
    items: list[re.Match[str]] = []
    for match in _ITEM.finditer(text, subject.body_start):
        last = items[-1] if items else None
        goes_on = last is not None and (last[1], last[3]) == (match[1], match[3])
        if last is not None and (not goes_on or _END.search(text, last.end(), match.start())):
            yield from _judge(subject, items)
            items = []
        items.append(match)
    yield from _judge(subject, items)


def _judge(subject: FileSubject, items: list[re.Match[str]]) -> Iterator[Problem]:
    numbers = [int(match[2]) for match in items]
    if len(items) < 3 or len(set(numbers)) == 1:
        return
    for before, match in zip(numbers, items[1:], strict=False):
        number = int(match[2])
        # A number 1 begins another list.
        if number not in {before + 1, 1}:
            message = f"{number} follows {before} in a numbered list"
            place = subject.position(match.start(2), match.end(3))
            yield Problem(
                message, subject.path, place, f"write {before + 1}{match[3]}, or leave it as it is"
            )
