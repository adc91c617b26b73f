"""Write and parse messages of release tags and deployments: title, text, trailers.

Trailers are always the last paragraph, written by promptops. So notes or reasons that a person
writes are never read as trailers: parsing looks only at the last paragraph.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRAILER = re.compile(r"([A-Z][A-Za-z-]*): ?(.*)")
# Compiled on first use.
_LINE_BREAKS = r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+"


class Message(NamedTuple):
    """A parsed message.

    Attributes:
        title: the first line.
        text: the text between title and trailers, without blank lines around it.
        trailers: (key, value) pairs in order; keys may repeat.
    """

    title: str
    text: str
    trailers: tuple[tuple[str, str], ...]

    def value(self, key: str) -> str | None:
        """Return the value of the first trailer `key`, or None."""
        return next((value for name, value in self.trailers if name == key), None)

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values of all trailers `key`, in order."""
        return tuple(value for name, value in self.trailers if name == key)


def format_message(title: str, text: str, trailers: Iterable[tuple[str, str]]) -> str:
    """Format a message; `parse_message` returns the same parts.

    Title and trailer values are written on one line each. The text is unchanged.
    """
    lines = [f"{key}: {one_line(value)}".rstrip() for key, value in trailers]
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    parts = [one_line(title), body, "\n".join(lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def one_line(text: str) -> str:
    """Return the text with line breaks, and control characters next to them, replaced by single
    spaces.
    """
    text = re.sub(_LINE_BREAKS, " ", text)
    return "".join(c if c.isprintable() or c in "\u200d\u200c" else " " for c in text).strip()


def parse_message(message: str) -> Message:
    """Parse a message: title, text, and the trailers of the last paragraph.

    If the last paragraph has a line that is not a trailer, the paragraph is text.
    """
    paragraphs = message.rstrip("\n").split("\n\n")
    last = paragraphs[-1].split("\n")
    matches = [_TRAILER.fullmatch(line) for line in last]
    trailers: tuple[tuple[str, str], ...] = ()
    if len(paragraphs) > 1 and all(matches):
        trailers = tuple((match[1], match[2]) for match in matches if match)
        paragraphs = paragraphs[:-1]
    title, _, text = "\n\n".join(paragraphs).partition("\n")
    return Message(title, text.strip("\n"), trailers)
