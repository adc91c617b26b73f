"""Findings: the one type in which every check and parser reports faults."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """A finding's severity. Only errors make `validate` and the gate fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Position(NamedTuple):
    """A range in a text: lines and columns from 1, columns in code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Fix(NamedTuple):
    """One edit that fixes a fault and changes nothing else.

    Offsets count code points of the file as checks see it: newlines normalised, byte order mark
    included. `text` is written without converting newlines.

    Attributes:
        path: the file, relative to the same folder as its finding's path.
        start: offset at which the replaced text begins.
        end: offset at which it ends, exclusive.
        text: the replacement.
    """

    path: str
    start: int
    end: int
    text: str

    @classmethod
    def at(cls, path: str, source: str, position: Position, text: str) -> Fix:
        """Return the fix that replaces a range of `source`, the whole normalised file, by
        `text`.
        """
        start = _offset(source, position.line, position.column)
        return cls(path, start, _offset(source, position.end_line, position.end_column), text)


def _offset(source: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = source.index("\n", start) + 1
    # A byte order mark does not count as a column.
    mark = line == 1 and source.startswith("\ufeff")
    return start + column - 1 + mark


class Inclusion(NamedTuple):
    """One include tag: the path of the file that contains it, and the tag's position."""

    path: str
    position: Position

    @property
    def place(self) -> str:
        """`path:line:column`."""
        return f"{self.path}:{self.position.line}:{self.position.column}"


class Problem(NamedTuple):
    """A check's finding before the caller adds the check's id and severity.

    Attributes:
        message: what is wrong, lower case, no full stop.
        path: the file with the fault, relative to the prompts folder, or with a leading `/`,
            relative to the repository's top folder.
        position: where in that file; None when the whole file is at fault.
        hint: what to do.
        fixes: edits that fix it, applied together; empty where a person has to decide.
    """

    message: str
    path: str
    position: Position | None = None
    hint: str | None = None
    fixes: tuple[Fix, ...] = ()


class Finding(NamedTuple):
    """One fault, found by one check at one position.

    Attributes:
        check: the check's id, such as `undeclared-variable`.
        severity: error, warning or note.
        message: what is wrong, lower case, no full stop.
        path: the file with the fault, relative to the repository's top folder.
        position: where in that file; None when the whole file is at fault.
        hint: what to do.
        fixes: edits that fix it, applied together; empty where a person has to decide.
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
        """Turn a problem into a finding of the given check."""
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
        """Return the finding with `folder` prepended to its path."""
        if not folder:
            return self
        fixes = tuple(fix._replace(path=f"{folder}/{fix.path}") for fix in self.fixes)
        return self._replace(path=f"{folder}/{self.path}", fixes=fixes)

    def as_json(self) -> dict[str, str | int | None]:
        """Return the finding as it appears in every JSON document. Line and column are null for a
        whole file.
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
    """Return a sort key: file, then position, then check."""
    return (
        finding.path,
        finding.position or Position(0, 0, 0, 0),
        finding.check,
        finding.message,
    )
