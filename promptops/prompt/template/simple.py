"""Render simple bodies without Jinja2: text, bare names whose values are strings, and roles.

Most prompts have nothing else. Not importing Jinja2 saves 21 % of `render` (`nox -s shortcuts`).
Any other body, and anything that would be an error, is left to `promptops.prompt.template.program`.
Both give exactly the same messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.template.rendering import Message

_MAX_TAGS = 1_000
# The limit of `printing`, which imports Jinja2.
_MAX_CHARACTERS = 10_000_000
_WHITE_SPACE = " \t\n\r\f\v"
_GAP = r"[ \t\n]"
_TAG = re.compile(
    rf"\{{(?:\{{{_GAP}*([A-Za-z_][A-Za-z0-9_]*){_GAP}*\}}\}}"
    rf"|%{_GAP}*(end)?(system|user|assistant){_GAP}*%\}}"
    r"|([{%#]))"
)
# Jinja's keywords and globals, which cannot be inputs.
NOT_PLAIN = frozenset(
    [
        *("and", "or", "not", "in", "is", "if", "else"),
        *("true", "false", "none", "True", "False", "None"),
        *("self", "super", "loop", "caller", "varargs", "kwargs"),
        *("range", "dict", "cycler", "joiner", "namespace", "lipsum"),
    ]
)


class SimpleMessage(NamedTuple):
    """One message: its role, then alternating texts and names, beginning and ending with a text."""

    role: str
    pieces: tuple[str, ...]


def read_simple(body: str) -> tuple[SimpleMessage, ...] | None:
    """Return the messages of a body; None if this module cannot decide."""
    if "\r" in body or body.startswith("\ufeff"):
        return None
    made: list[SimpleMessage] = []
    pieces: list[str] = []
    role: str | None = None
    outside: list[str] = []
    place = 0
    for number, match in enumerate(_TAG.finditer(body)):
        name, ends, tag, other = match.groups()
        if other is not None or name in NOT_PLAIN or number >= _MAX_TAGS:
            return None
        pieces.append(body[place : match.start()])
        place = match.end()
        if name is not None:
            pieces.append(name)
            continue
        if role != (tag if ends else None):
            return None
        if ends:
            made.append(SimpleMessage(tag, tuple(pieces)))
        else:
            outside += pieces
        role = None if ends else tag
        pieces = []
    pieces.append(body[place:])
    if role is not None:
        return None
    if not made:
        return (SimpleMessage("user", tuple(pieces)),)
    # A name between messages counts as text outside of messages.
    return None if "".join([*outside, *pieces]).strip(_WHITE_SPACE) else tuple(made)


def render_simple(
    messages: tuple[SimpleMessage, ...], values: Mapping[str, object]
) -> list[Message] | None:
    """Return the messages for these values; None if Jinja2 has to decide."""
    rendered: list[Message] = []
    size = 0
    for role, pieces in messages:
        parts = list(pieces)
        for place in range(1, len(parts), 2):
            value = values.get(parts[place])
            if type(value) is not str:
                return None
            parts[place] = value
        size += sum(map(len, parts))
        if size > _MAX_CHARACTERS:
            return None
        content = "".join(parts).strip(_WHITE_SPACE)
        if not content.isascii():
            try:
                content.encode()
            except UnicodeEncodeError:
                return None
        if content:
            rendered.append({"role": role, "content": content})
    return rendered or None
