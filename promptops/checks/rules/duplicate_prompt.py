"""Prompts with the same text for the same model.

## Finds

Two prompts for the same model whose texts differ only in white space and case. Very short texts are
ignored.

## Why

Later, one of them is changed and the other is forgotten.

## Example

    prompts/support/triage.md
    prompts/support/triage-copy.md, with the same text

## Instead

    prompts/support/triage.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject, PromptText

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.SET, Severity.WARNING)
_SHORTEST = 40


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report the later prompt of each pair, at the start of its text."""
    # Only prompts with the same beginning are read and compared.
    alike: dict[tuple[int, str], list[str]] = {}
    for name, prompt in sorted(subject.texts.items()):
        alike.setdefault((prompt.opening, prompt.model), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            yield from _compare([(name, subject.texts[name]) for name in names])


def _compare(group: list[tuple[str, PromptText]]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, prompt in group:
        text = " ".join(prompt.body.split()).casefold()
        if len(text) < _SHORTEST:
            continue
        first = seen.setdefault(text, name)
        if first != name:
            place = Position(prompt.body_line, 1, prompt.body_line, 1)
            hint = "keep one, or move what they share into a partial"
            yield Problem(f"the text is the same as in {first}", prompt.path, place, hint)
