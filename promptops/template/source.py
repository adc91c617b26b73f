"""Bodies as text: places in them, what is known about them, and the includes they name.

Nothing here needs Jinja2, so that a prompt without work for it costs no import of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.finding import Position

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = ("system", "user", "assistant")
"""The roles that a prompt's author can open with a tag."""

HISTORY_ROLES = ("user", "assistant", "tool")
"""The roles that a passed-in message may have: a value never speaks as the system."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One fault of a body.

    Attributes:
        kind: `syntax`, `nesting`, `stray-text`, `misplaced-role`, `unsupported-include`,
            `unsupported-tag`, `unknown-filter`, `unknown-test` or `reserved-name`.
        message: what is wrong, lower case, no full stop.
        hint: what to do.
        position: where in the file.
    """

    kind: str
    message: str
    hint: str | None
    position: Position


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
    """

    problems: tuple[TemplateProblem, ...] = ()
    includes: tuple[Include, ...] = ()
    roles: tuple[tuple[str, Position], ...] = ()
    histories: tuple[tuple[str, Position], ...] = ()
    undeclared: Mapping[str, tuple[Position, ...]] = field(default_factory=dict)
    assigned: frozenset[str] = frozenset()
    uses: tuple[Use, ...] = ()

    @property
    def opens_messages(self) -> bool:
        """Whether the body says where messages begin; otherwise it is one user message."""
        return bool(self.roles or self.histories)


def normalize_newlines(text: str) -> str:
    """CRLF and CR become LF, as in every file of a closure."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class Source:
    """One body, and the way from an offset in it to a place in its file."""

    __slots__ = ("_starts", "first_line", "path", "text")

    def __init__(self, path: str, text: str, first_line: int = 1) -> None:
        self.path = path
        self.text = normalize_newlines(text)
        self.first_line = first_line
        self._starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset; logarithmic after the first call."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        index = bisect_right(self._starts, offset) - 1
        return self.first_line + index, offset - self._starts[index] + 1

    def position(self, start: int, end: int) -> Position:
        """The place of `text[start:end]`."""
        return Position(*self.place(start), *self.place(end))


_STRING = r"""(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")"""
_INCLUDE = re.compile(
    rf"\{{%[-+]?\s*include\s*((?:{_STRING}\s*)+)(?:\bwith\s+context\s*)?[-+]?%\}}", re.DOTALL
)
_STRINGS = re.compile(_STRING, re.DOTALL)
_OPENING = re.compile(r"\{[#%{]")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*-?%\}")
_RAW_END = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_INSIDE = re.compile(rf"{_STRING}|[(\[{{]|[)\]}}]|%\}}", re.DOTALL)


def literal_include(text: str, start: int) -> tuple[str, int] | None:
    """Path and end of the include tag that begins at `start`; None when it is not a plain one.

    A backslash in the literal makes it not plain: no path needs an escape.
    """
    match = _INCLUDE.match(text, start)
    if match is None or "\\" in match[1]:
        return None
    return "".join(part[1:-1] for part in _STRINGS.findall(match[1])), match.end()


def include_fault(path: str) -> str | None:
    """Why a path may not be included, or None when it may.

    Paths are relative to the prompts folder and stay in it.
    """
    if not path:
        return "the path is empty"
    if any(ord(character) < 0x20 or character in "\\\x7f" for character in path):
        return "the path has a backslash or a control character"
    if path.startswith("/"):
        return "the path is absolute"
    if any(segment in {"", ".", ".."} for segment in path.split("/")):
        return "the path has an empty, `.` or `..` segment"
    return None


def scan_includes(source: str) -> list[str]:
    """The paths a body includes, in the order of the text, with repetitions, without Jinja2.

    Agrees with `analyze(...).includes` for every body that parses: comments, raw blocks, strings
    and includes that are refused do not count. After a syntax error the result is a best effort.
    """
    found: list[str] = []
    if "include" not in source:
        return found
    source = normalize_newlines(source)
    place = 0
    while (opening := _OPENING.search(source, place)) is not None:
        end = _tag_end(source, opening.start())
        if end is None:
            break
        if opening[0] == "{%" and (include := literal_include(source, opening.start())):
            path, end = include
            if include_fault(path) is None:
                found.append(path)
        place = end
    return found


def _tag_end(source: str, start: int) -> int | None:
    """Where the comment, raw block, tag or expression that begins at `start` ends."""
    kind = source[start + 1]
    if kind == "#":
        end = source.find("#}", start + 2)
        return end + 2 if end >= 0 else None
    if kind == "%" and (raw := _RAW.match(source, start)) is not None:
        closing = _RAW_END.search(source, raw.end())
        return closing.end() if closing is not None else None
    depth = 0
    place = start + 2
    while (part := _INSIDE.search(source, place)) is not None:
        place = part.end()
        if part[0] in {"(", "[", "{"}:
            depth += 1
        elif part[0] in {")", "]", "}", "%}"}:
            if depth:
                depth -= 1
            elif kind == "{" and source.startswith("}}", part.start()):
                return part.start() + 2
            else:
                return place if kind == "%" and part[0] == "%}" else None
    return None
