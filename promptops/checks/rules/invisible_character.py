"""Zero-width characters, which are invisible to people and read by the model.

## Finds

Zero-width spaces and joiners, word joiners, soft hyphens, invisible operators and fillers, and runs
of variation selectors. Joiners with a function, within an emoji or between letters of a script that
needs them, are not reported.

## Why

They are copied from documents and chats. They change the tokens of a text, and make texts differ
that look the same.

## Example

    Sum<U+200B>marise the ticket.

## Instead

    Summarise the ticket.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SYNTAX, Severity.WARNING)
_MAX_PROBLEMS = 20
_SUSPECT = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2064\u206a-\u206f"
    "\u3164\ufeff\uffa0\U0001d173-\U0001d17a]"
    "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}"
)
_JOINERS = frozenset("\u200c\u200d")
_MARKS = frozenset("\u200e\u200f")
_PRESENTATION = frozenset("\ufe0e\ufe0f")


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each such character, by name."""
    text = subject.text
    if text.isascii():
        return
    found = 0
    for match in _SUSPECT.finditer(text, 1 if text.startswith("\ufeff") else 0):
        start, end = match.span()
        if match[0] in _JOINERS and _joins(text, start):
            continue
        if match[0] in _MARKS and _is_right_to_left(text, start):
            continue
        found += 1
        if found > _MAX_PROBLEMS:
            return
        name = unicodedata.name(match[0][0], "a character").lower()
        message = f"U+{ord(match[0][0]):04X}, {name}, is invisible"
        yield Problem(message, subject.path, subject.position(start, end), "remove it")


def _joins(text: str, index: int) -> bool:
    """Return whether a joiner has a function: in an emoji, or between letters of some scripts."""
    before, after = text[index - 1 : index] if index else "", text[index + 1 : index + 2]
    if not before or not after:
        return False
    if before in _PRESENTATION and index > 1:
        before = text[index - 2]
    if _is_pictograph(before) and _is_pictograph(after):
        return True
    # Scripts that use joiners are not ASCII; between Latin letters a joiner is a leftover.
    return all(
        not side.isascii() and unicodedata.category(side)[0] in "LM" and not _is_latin(side)
        for side in (before, after)
    )


def _is_pictograph(character: str) -> bool:
    return unicodedata.category(character) in {"So", "Sk"} or character in "\u2642\u2640\u2764"


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("LATIN", "CYRILLIC", "GREEK"))


def _is_right_to_left(text: str, index: int) -> bool:
    """Return whether the line has Hebrew or Arabic text, in which direction marks are normal."""
    line_start = text.rfind("\n", 0, index) + 1
    line_end = text.find("\n", index)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    others = (character for character in line if character not in _MARKS)
    return any(unicodedata.bidirectional(character) in {"R", "AL"} for character in others)
