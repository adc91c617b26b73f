"""Long paragraphs that several prompts repeat.

## Finds

A paragraph of 300 characters or more that is identical in three prompts or more. A paragraph
that contains only a part of a condition or loop is ignored, since it cannot be moved to a partial.

## Why

It should be a partial: a change has to be made and released in every copy by hand, and after the
first one that is missed the prompts disagree.

## Example

    the same rules on tone in prompts/a.md, prompts/b.md and prompts/c.md

## Instead

    {% include "_shared/tone.md" %}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import find_paragraphs, hash_paragraph
from promptops.prompt.finding import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.SET, Severity.NOTE)
_MIN_PROMPTS = 3
_MAX_NAMES = 3
_BLOCK = re.compile(r"\{%[-+]?\s*(?:(end)?(?:if|for|with|macro|call|filter)|(el)(?:se|if))\b")


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report each such paragraph once, in the first of the prompts that have it."""
    alike: dict[int, list[str]] = {}
    for name, prompt in sorted(subject.texts.items()):
        for opening in prompt.paragraphs:
            alike.setdefault(opening, []).append(name)
    for opening, names in alike.items():
        if len(names) >= _MIN_PROMPTS:
            yield from _compare(subject, list(_read_paragraphs(subject, opening, names)))


def _read_paragraphs(
    subject: FolderSubject, opening: int, names: list[str]
) -> Iterator[tuple[str, int, str]]:
    """Yield the paragraphs with the same beginning: prompt, line and text."""
    for name in dict.fromkeys(names):
        prompt = subject.texts[name]
        for line, text in find_paragraphs(prompt.body, prompt.body_line):
            if hash_paragraph(text) == opening:
                yield name, line, text


def _compare(subject: FolderSubject, group: list[tuple[str, int, str]]) -> Iterator[Problem]:
    places: dict[str, dict[str, Position]] = {}
    for name, start, text in group:
        lines = text.split("\n")
        place = Position(start, 1, start + len(lines) - 1, len(lines[-1]) + 1)
        places.setdefault(" ".join(text.split()), {}).setdefault(name, place)
    for text, found in places.items():
        if len(found) < _MIN_PROMPTS or not _is_whole(text):
            continue
        first, *others = found
        shown = ", ".join(others[:_MAX_NAMES])
        more = f" and {len(others) - _MAX_NAMES} more" if len(others) > _MAX_NAMES else ""
        message = f"{shown}{more} repeat this paragraph"
        path = subject.texts[first].path
        yield Problem(message, path, found[first], "move it into a partial and include it")


def _is_whole(text: str) -> bool:
    """Return whether every condition and loop that a paragraph touches is complete in it."""
    depth = 0
    for block in _BLOCK.finditer(text):
        if not depth and (block[1] or block[2]):
            return False
        depth += 0 if block[2] else -1 if block[1] else 1
    return not depth
