"""What a check says: the one shape in which every fault, of any kind, is reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs. Only errors make `validate` and the gate say no."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: lines and columns from 1, columns in code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found, before the caller stamps the check's id and severity on it.

    Attributes:
        message: what is wrong, lower case, no full stop.
        path: the file that has the fault, relative to the prompts folder.
        position: where in that file; None when the fault is the file as a whole.
        hint: what to do.
    """

    message: str
    path: str
    position: Position | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check says about one place.

    Attributes:
        check: the check's id, such as `undeclared-variable`.
        severity: how much it weighs.
        message: what is wrong, lower case, no full stop.
        path: the file that has the fault, relative to the repository's top folder.
        position: where in that file; None when the fault is the file as a whole.
        hint: what to do.
    """

    check: str
    severity: Severity
    message: str
    path: str
    position: Position | None = None
    hint: str | None = None

    @classmethod
    def from_problem(cls, check: str, severity: Severity, problem: Problem) -> Finding:
        """Stamp a problem with the check that found it."""
        return cls(
            check, severity, problem.message, problem.path, problem.position, problem.hint
        )

    def below(self, folder: str) -> Finding:
        """The same finding with its path put below `folder`."""
        return replace(self, path=f"{folder}/{self.path}" if folder else self.path)

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
