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

from promptops.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

SEVERITY = Severity.ERROR


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report the second of two such paths."""
    seen: dict[str, str] = {}
    for path in subject.paths:
        folded = path.lower() if path.isascii() else _fold(path)
        first = seen.setdefault(folded, path)
        if first != path:
            message = f"the path differs from '{first}' only in case or encoding"
            yield Problem(message, path, None, "rename one of the two")


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
