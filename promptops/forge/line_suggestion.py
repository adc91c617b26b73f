"""Suggest a new text for one line of a file, in a comment; a click accepts it."""

from __future__ import annotations

import re
from typing import NamedTuple

SUGGESTION_MARKER = "<!-- promptops version -->"
# For one change: each suggestion is a request and a notification.
MAX_SUGGESTIONS = 20


class LineSuggestion(NamedTuple):
    """The text that one line of a file should have.

    Attributes:
        path: the file, from the repository's top.
        line: the number of the line, from 1.
        text: the whole line, without its newline.
    """

    path: str
    line: int
    text: str


def write_suggestion(one: LineSuggestion, lines: str = "") -> str:
    """Return the body of a comment on the line; its first line is the marker.

    Args:
        one: the line.
        lines: the range of lines that it replaces, in the forge's syntax.
    """
    ticks = "`" * max(3, max(map(len, re.findall("`+", one.text)), default=0) + 1)
    return f"{SUGGESTION_MARKER}\n{ticks}suggestion{lines}\n{one.text}\n{ticks}"
