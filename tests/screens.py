"""Screens as snapshots: replace what differs with each run, and compare the rest as a whole."""

from __future__ import annotations

import re
import tempfile
from typing import overload

_TEMPORARY = rf"(?:{re.escape(tempfile.gettempdir())}|/dev/shm)"
_FOLDER = rf"{_TEMPORARY}/pytest-of-[^/\s]+/pytest-\d+/(?:popen-gw\d+/)?"
_HEX = "[0-9a-f]"
# The tests' commits are of January 2026; every other time is that of the run.
_DAY = r"\b2(?!026-01)\d{3}-\d\d-\d\d"
_HOUR = r"[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
RUN_ID = rf"\b{_HEX}{{8}}-{_HEX}{{4}}(?:-{_HEX}{{1,4}}){{0,3}}\b"
"""The short id of a run. Ids of runs that began in the same millisecond are longer."""
# What a snapshot shows instead of what differs with each run. The first that fits is taken.
_CHANGING = {
    "<folder>": rf"(?:/private)?{_FOLDER}[^/\s'\"`:;,)]+",
    "<digest>": rf"sha256:(?!0+\b){_HEX}{{6,64}}",
    "<uuid>": rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}",
    "<run>": RUN_ID,
    "<key>": r"\bAAAA[0-9A-Za-z+/]{40,}=*",
    "<fingerprint>": r"\b(?:[0-9A-F]{40}\b|SHA256:[\w+/]{43})",
    # One in 300 short ids has no letter.
    "<id>": rf"\b(?:(?!ed25519)(?={_HEX}*[0-9])(?={_HEX}*[a-f]){_HEX}{{7,64}}|(?!0+\b)\d{{12}})\b",
    "<time>": rf"{_DAY}(?:{_HOUR})?",
    "<age>": r"\b\d+ (?:second|minute|hour|day|week|month|year)s? ago\b",
    "<duration>": r"<?\b\d+(?:\.\d+)? ms\b|\b\d+\.\d+ s\b",
    "<port>": r"(?<=127\.0\.0\.1:)\d+",
}
_PATTERN = re.compile("|".join(f"({pattern})" for pattern in _CHANGING.values()))
_PLACEHOLDERS = tuple(_CHANGING)


@overload
def masked(screen: str | None) -> str: ...
@overload
def masked(screen: list[str] | tuple[str, ...]) -> list[str]: ...
def masked(screen: str | list[str] | tuple[str, ...] | None) -> str | list[str]:
    """Return a screen with placeholders for the ids, times, folders and so on of this run.

    Of several texts, return a list of them all; of None, an empty text.
    """
    if isinstance(screen, (list, tuple)):
        return [masked(text) for text in screen]
    return _PATTERN.sub(lambda found: _PLACEHOLDERS[(found.lastindex or 1) - 1], screen or "")


def explained(said: str) -> str:
    """Return which approvals the gate asked for and counted, from a screen of `gate --explain`."""
    return said.partition("\n  owners ")[2].partition("\n")[2].partition("\nverdict ")[0]
