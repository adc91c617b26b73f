"""What a check says: the one shape in which every fault, of any kind, is reported."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a finding weighs. Only errors make `validate` and the gate say no."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Position(NamedTuple):
    """A place in a text: lines and columns from 1, columns in code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Fix(NamedTuple):
    """One edit that fixes a fault without changing what anything else means.

    Offsets count code points of the file as checks see it: newlines normalised, a byte order mark
    included. `text` is written as it stands, so that a fix can also replace a newline by another.

    Attributes:
        path: the file, relative as the path of its problem or finding is.
        start: where the replaced text begins.
        end: where it ends, exclusive.
        text: what to put there.
    """

    path: str
    start: int
    end: int
    text: str

    @classmethod
    def at(cls, path: str, source: str, position: Position, text: str) -> Fix:
        """Return the fix that puts `text` at a place in `source`, the whole file's normalised
        text.
        """
        start = _offset(source, position.line, position.column)
        return cls(path, start, _offset(source, position.end_line, position.end_column), text)


def _offset(source: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = source.index("\n", start) + 1
    # A byte order mark takes no column.
    mark = line == 1 and source.startswith("\ufeff")
    return start + column - 1 + mark


class Inclusion(NamedTuple):
    """One place where a template includes another file: the path with the tag, and the tag."""

    path: str
    position: Position

    @property
    def place(self) -> str:
        """`path:line:column`."""
        return f"{self.path}:{self.position.line}:{self.position.column}"


class Problem(NamedTuple):
    """What a check found, before the caller stamps the check's id and severity on it.

    Attributes:
        message: what is wrong, lower case, no full stop.
        path: the file that has the fault, relative to the prompts folder; with a `/` before it,
            relative to the repository's top folder.
        position: where in that file; None when the fault is the file as a whole.
        hint: what to do.
        fixes: edits that fix it, to be made together; empty where a person has to decide.
    """

    message: str
    path: str
    position: Position | None = None
    hint: str | None = None
    fixes: tuple[Fix, ...] = ()


class Finding(NamedTuple):
    """One thing a check says about one place.

    Attributes:
        check: the check's id, such as `undeclared-variable`.
        severity: how much it weighs.
        message: what is wrong, lower case, no full stop.
        path: the file that has the fault, relative to the repository's top folder.
        position: where in that file; None when the fault is the file as a whole.
        hint: what to do.
        fixes: edits that fix it, to be made together; empty where a person has to decide.
    """

    check: str
    severity: Severity
    message: str
    path: str
    position: Position | None = None
    hint: str | None = None
    fixes: tuple[Fix, ...] = ()

    @classmethod
    def from_problem(cls, check: str, severity: Severity, problem: Problem) -> Finding:
        """Stamp a problem with the check that found it."""
        return cls(
            check,
            severity,
            problem.message,
            problem.path,
            problem.position,
            problem.hint,
            problem.fixes,
        )

    def below(self, folder: str) -> Finding:
        """Return the same finding with its path put below `folder`."""
        if not folder:
            return self
        fixes = tuple(fix._replace(path=f"{folder}/{fix.path}") for fix in self.fixes)
        return self._replace(path=f"{folder}/{self.path}", fixes=fixes)

    def as_json(self) -> dict[str, str | int | None]:
        """Return what all JSON documents say of a finding; line and column are null for a whole
        file.
        """
        place = self.position
        return {
            "check": self.check,
            "severity": self.severity.value,
            "message": self.message,
            "hint": self.hint,
            "path": self.path,
            "line": place.line if place else None,
            "column": place.column if place else None,
        }

    @property
    def place(self) -> str:
        """`path:line:column`, or the path alone for a whole file."""
        if self.position is None:
            return self.path
        return f"{self.path}:{self.position.line}:{self.position.column}"


def sort_key(finding: Finding) -> tuple[str, Position, str, str]:
    """Order findings by file, then place, then check."""
    return (
        finding.path,
        finding.position or Position(0, 0, 0, 0),
        finding.check,
        finding.message,
    )
