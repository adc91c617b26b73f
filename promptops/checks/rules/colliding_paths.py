"""Files whose paths are the same on a system that ignores case.

## Finds

Two files below the prompts folder whose paths differ only in case or in how their accented letters
are encoded.

## Why

On macOS and Windows only one of them can be checked out, so that the digest of a prompt that
includes one depends on the machine.

## Example

    prompts/_shared/tone.md
    prompts/_shared/Tone.md

## Instead

    prompts/_shared/tone.md
    prompts/_shared/tone-formal.md
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.SET, Severity.ERROR)


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report the second of two such paths."""
    for path, first in find_collisions(subject.paths):
        message = f"the path differs from '{first}' only in case or encoding"
        yield Problem(message, path, None, "rename one of the two")


def find_collisions(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each path that equals an earlier one on such a system, with the earlier path."""
    seen: dict[str, str] = {}
    for path in paths:
        first = seen.setdefault(fold(path), path)
        if first != path:
            yield path, first


def fold(path: str) -> str:
    """Return a path's key on a system that ignores case and Unicode normalization."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
