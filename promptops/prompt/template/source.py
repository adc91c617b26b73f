"""Positions in a body's text, and the types of an analysis."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.prompt.finding import Position
from promptops.prompt.template.includes import normalize_newlines

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = ("system", "user", "assistant")
"""The roles that a prompt's author can open with a tag."""

HISTORY_ROLES = ("user", "assistant", "tool")
"""The roles that a passed-in message may have; `system` is not among them."""

WHITE_SPACE = " \t\n\r\f\v"
"""White space that is stripped from messages and allowed between them: ASCII only."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One fault of a body.

    Attributes:
        kind: `syntax`, `nesting`, `too-large`, `stray-text`, `misplaced-role`,
            `unsupported-include`, `unsupported-tag`, `unknown-filter`, `unknown-test` or
            `reserved-name`.
        message: what is wrong, lower case, no full stop.
        hint: what to do.
        position: where in the file.
        replacement: the text that must be meant there; None if that is uncertain.
    """

    kind: str
    message: str
    hint: str | None
    position: Position
    replacement: str | None = None


@dataclass(frozen=True, slots=True)
class Include:
    """One `{% include "path" %}`.

    Attributes:
        path: relative to the prompts folder.
        position: the whole tag.
        role: the role of the message that contains it; None outside of messages.
        scope: names that the template has set there (loop variables, `set`) and that the partial
            sees, each with the inputs in its value.
    """

    path: str
    position: Position
    role: str | None
    scope: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Use:
    """One read of an input, a variable that the template does not set itself.

    Attributes:
        name: the input.
        position: the name in the text: the input, or a variable whose value comes from it.
        role: the role of the message that contains it; None outside of messages.
        printed: whether its value is printed there, not only tested. Inside a macro or a `set`
            block it is false; the use that prints their result has true.
    """

    name: str
    position: Position
    role: str | None
    printed: bool


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a body: its position (from 1, columns in code points), kind and exact text."""

    line: int
    column: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of analyzing a body without running it.

    Attributes:
        problems: every fault, in text order.
        includes: its includes, in text order.
        roles: the messages it opens: role, and position of the opening tag.
        histories: the inputs that `{% history %}` tags insert, and positions of the tags.
        undeclared: variables that are read where the template may not have set them, so they must
            be inputs; with each position. Excludes those of included partials.
        assigned: every name that the template sets, by `set`, `for`, `with` or `macro`.
        uses: each read of an input.
        is_plain: whether all expressions are certainly bare names, without filters and tests.
    """

    problems: tuple[TemplateProblem, ...] = ()
    includes: tuple[Include, ...] = ()
    roles: tuple[tuple[str, Position], ...] = ()
    histories: tuple[tuple[str, Position], ...] = ()
    undeclared: Mapping[str, tuple[Position, ...]] = field(default_factory=dict)
    assigned: frozenset[str] = frozenset()
    uses: tuple[Use, ...] = ()
    is_plain: bool = field(default=False, compare=False)

    @property
    def opens_messages(self) -> bool:
        """Whether the body opens messages by tags; if not, it is one user message."""
        return bool(self.roles or self.histories)


class TemplateSource:
    """One body; converts offsets to positions in its file."""

    __slots__ = ("_starts", "first_line", "path", "text")

    def __init__(self, path: str, text: str, first_line: int = 1) -> None:
        self.path = path
        self.text = normalize_newlines(text)
        self.first_line = first_line
        self._starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset. Logarithmic after the first call.

        A byte order mark, which only a partial can begin with, does not count as a column.
        """
        line, start = self._find_line(offset)
        return line, max(offset - start, 0) + 1

    def _find_line(self, offset: int) -> tuple[int, int]:
        """Return the line of an offset, and the offset of the line's start."""
        starts = self._starts or self._find_starts()
        index = max(bisect_right(starts, offset) - 1, 0)
        return self.first_line + index, starts[index]

    def _find_starts(self) -> list[int]:
        mark = int(self.text.startswith("\ufeff"))
        starts = self._starts = [mark]
        end = self.text.find("\n")
        while end >= 0:
            starts.append(end + 1)
            end = self.text.find("\n", end + 1)
        return starts

    def position(self, start: int, end: int) -> Position:
        """Return the position of `text[start:end]`."""
        line, first = self._find_line(start)
        column = max(start - first, 0) + 1
        if "\n" in self.text[start:end]:
            return Position(line, column, *self.place(end))
        return Position(line, column, line, max(end - first, 0) + 1)
