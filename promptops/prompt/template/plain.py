"""Analyze simple bodies without Jinja2: text, names, bare conditions, roles and includes.

Most prompts use nothing else. This takes a tenth of Jinja2's time and saves 47 % of `validate` with
a thousand prompts (`nox -s shortcuts`). Any other body, and any faulty one, is left to
`promptops.prompt.template.analysis`. Both give exactly the same result.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.prompt.template.includes import include_fault, literal_include
from promptops.prompt.template.simple import NOT_PLAIN
from promptops.prompt.template.source import (
    ROLES,
    WHITE_SPACE,
    Analysis,
    Include,
    TemplateSource,
    Use,
)

if TYPE_CHECKING:
    from promptops.prompt.finding import Position

_MAX_TAGS = 5_000
_GAP = r"[ \t\n]"
_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_TAG = re.compile(
    rf"""
    \{{(?:
        \{{ {_GAP}* (?P<name>{_NAME}) {_GAP}* \}}\}}
        | % {_GAP}* (?:
            (?P<ends>end)?(?P<role>{"|".join(ROLES)})
            | (?P<word>if|elif) {_GAP}+ (?P<condition>{_NAME})
            | (?P<ending>else|endif)
        ) {_GAP}* %\}}
        | (?P<other>[{{%\#])
    )
    """,
    re.VERBOSE,
)
_MAX_OPEN = 10


def read_plain(path: str, source: str, *, partial: bool, first_line: int) -> Analysis | None:
    """Return what `analyze` returns for the body; None if this module cannot decide."""
    body = TemplateSource(path, source, first_line)
    reading = _PlainReading(body, partial=partial)
    text = body.text
    place = tags = 0
    while (match := _TAG.search(text, place)) is not None:
        tags += 1
        if tags > _MAX_TAGS:
            return None
        reading.text(place, match.start())
        end = reading.tag(match)
        if end is None:
            return None
        place = end
    reading.text(place, len(text))
    return reading.result()


class _PlainReading:
    """One pass over one body; collects the parts of an `Analysis`."""

    def __init__(self, body: TemplateSource, *, partial: bool) -> None:
        self._body = body
        self._partial = partial
        self._role: str | None = None
        # For each open condition: the role around it, and whether its `else` was read.
        self._conditions: list[tuple[str | None, bool]] = []
        self._has_text_outside = False
        self._branches = 0
        self._includes: list[Include] = []
        self._uses: list[Use] = []
        self._roles: list[tuple[str, int, int]] = []

    def text(self, start: int, end: int) -> None:
        """Read the text between two tags."""
        if self._role is None and self._body.text[start:end].strip(WHITE_SPACE):
            self._has_text_outside = True

    def tag(self, match: re.Match[str]) -> int | None:
        """Read a tag; return its end, or None if it is not a plain one."""
        kind = match.lastgroup
        if kind == "name":
            return self._take_name(match)
        if kind == "role":
            return self._take_role(match)
        if kind != "other":
            return self._take_condition(match)
        start = match.start()
        literal = literal_include(self._body.text, start)
        if literal is None or include_fault(literal[0]) is not None:
            return None
        self._has_text_outside |= self._role is None
        position = self._body.position(start, literal[1])
        self._includes.append(Include(literal[0], position, self._role, {}))
        return literal[1]

    def _take_name(self, match: re.Match[str]) -> int | None:
        name = match["name"]
        if name in NOT_PLAIN:
            return None
        self._has_text_outside |= self._role is None
        position = self._body.position(*match.span("name"))
        self._uses.append(Use(name, position, self._role, printed=True))
        return match.end()

    def _take_condition(self, match: re.Match[str]) -> int | None:
        word, name, ending = match.group("word", "condition", "ending")
        word = word or ending
        self._branches += word == "elif"
        if word == "if":
            self._conditions.append((self._role, False))
        elif not self._conditions or self._conditions[-1][0] != self._role:
            return None
        elif word == "endif":
            self._conditions.pop()
        elif self._conditions[-1][1]:
            return None
        else:
            self._conditions[-1] = (self._role, word == "else")
        if name in NOT_PLAIN or max(len(self._conditions), self._branches) > _MAX_OPEN:
            return None
        if name is not None:
            position = self._body.position(*match.span("condition"))
            self._uses.append(Use(name, position, self._role, printed=False))
        return match.end()

    def _take_role(self, match: re.Match[str]) -> int | None:
        ends, role = match.group("ends", "role")
        if self._partial or self._role != (role if ends else None):
            return None
        if ends and self._conditions and self._conditions[-1][0] is not None:
            return None  # the message began before a condition and ends inside it
        if not ends:
            self._roles.append((role, *match.span()))
        self._role = None if ends else role
        return match.end()

    def result(self) -> Analysis | None:
        """Return the analysis; None if a message is still open or text is outside of messages."""
        if self._role is not None or self._conditions or (self._roles and self._has_text_outside):
            return None
        undeclared: dict[str, list[Position]] = {}
        for use in self._uses:
            undeclared.setdefault(use.name, []).append(use.position)
        return Analysis(
            includes=tuple(self._includes),
            roles=tuple(
                (role, self._body.position(start, end)) for role, start, end in self._roles
            ),
            undeclared={name: tuple(places) for name, places in undeclared.items()},
            uses=tuple(self._uses),
            is_plain=True,
        )
