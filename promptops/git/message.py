"""Messages of release tags and deployments: a title, free text, and trailers nobody can forge.

The trailers are always the last paragraph and always written by us, so whatever a person writes in
notes or reasons stays text. Reading is strict: only the last paragraph counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRAILER = re.compile(r"([A-Z][A-Za-z-]*): ?(.*)")
# Compiled when a message is written.
_LINE_BREAKS = r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+"


class Message(NamedTuple):
    """A parsed message.

    Attributes:
        title: the first line.
        text: what stands between title and trailers, verbatim but for the blank lines around it.
        trailers: (key, value) pairs in order; keys may repeat.
    """

    title: str
    text: str
    trailers: tuple[tuple[str, str], ...]

    def value(self, key: str) -> str | None:
        """Return the first trailer `key`, or None."""
        return next((value for name, value in self.trailers if name == key), None)

    def values(self, key: str) -> tuple[str, ...]:
        """Return all trailers `key`, in order."""
        return tuple(value for name, value in self.trailers if name == key)


def format_message(title: str, text: str, trailers: Iterable[tuple[str, str]]) -> str:
    """Write a message; `parse_message` reads it back to the same parts.

    Title and trailer values are put on one line each. The text stays as it is.
    """
    lines = [f"{key}: {one_line(value)}".rstrip() for key, value in trailers]
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    parts = [one_line(title), body, "\n".join(lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def one_line(text: str) -> str:
    """Return the text with line breaks, and control characters beside them, as single spaces."""
    text = re.sub(_LINE_BREAKS, " ", text)
    return "".join(c if c.isprintable() or c in "\u200d\u200c" else " " for c in text).strip()


def parse_message(message: str) -> Message:
    """Read a message: its title, text and the trailers of its last paragraph.

    A last paragraph with a line that is no trailer is text, as a person's message would have.
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
