"""Bodies as text: places in them, and what is known about them."""

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
"""The roles that a passed-in message may have: a value never speaks as the system."""

WHITE_SPACE = " \t\n\r\f\v"
"""What is stripped at both ends of each message, and may stand outside of any: ASCII only."""


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
        replacement: what surely was meant to stand at that place, where that is certain.
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
        role: the role of the message in which it stands; None outside of any.
        scope: names set by the template at that place (loop variables, `set`), which the partial
            sees too, each with the inputs from which its value comes.
    """

    path: str
    position: Position
    role: str | None
    scope: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Use:
    """One place where an input (a variable the template does not set itself) is read.

    Attributes:
        name: the input.
        position: the name that is read there: the input, or a variable whose value comes from it.
        role: the role of the message in which it stands; None outside of any.
        printed: whether its value reaches the text there, rather than only a condition. Inside a
            macro or a `set` block it does not yet; the place that prints their result has it.
    """

    name: str
    position: Position
    role: str | None
    printed: bool


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a body: its place (from 1, columns in code points), kind and exact text."""

    line: int
    column: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What reading a body tells, without running it.

    Attributes:
        problems: every fault, in the order of the text.
        includes: the partials it includes, in the order of the text.
        roles: the messages it opens: role, and the place of the opening tag.
        histories: the inputs that `{% history %}` tags insert, and the places of the tags.
        undeclared: variables that are read where the template may not have set them, with each
            place. These must be inputs. Those of included partials are not among them.
        assigned: every name the template sets, by `set`, `for`, `with` or `macro`.
        uses: each place where an input is read.
        is_plain: whether there surely is no expression but bare names, and no filter or test.
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
        """Whether the body says where messages begin; otherwise it is one user message."""
        return bool(self.roles or self.histories)


class TemplateSource:
    """One body, and the way from an offset in it to a place in its file."""

    __slots__ = ("_starts", "first_line", "path", "text")

    def __init__(self, path: str, text: str, first_line: int = 1) -> None:
        self.path = path
        self.text = normalize_newlines(text)
        self.first_line = first_line
        self._starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset; logarithmic after the first call.

        A byte order mark, which only a partial can begin with, takes no column.
        """
        line, start = self._find_line(offset)
        return line, max(offset - start, 0) + 1

    def _find_line(self, offset: int) -> tuple[int, int]:
        """Return the line of an offset, and the offset at which that begins."""
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
        """Return the place of `text[start:end]`."""
        line, first = self._find_line(start)
        column = max(start - first, 0) + 1
        if "\n" in self.text[start:end]:
            return Position(line, column, *self.place(end))
        return Position(line, column, line, max(end - first, 0) + 1)
