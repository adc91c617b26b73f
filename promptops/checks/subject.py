"""What checks look at: one prompt, one file, or the whole prompts folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from promptops.finding import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.closure import Closure
    from promptops.template import Analysis


@dataclass(frozen=True, slots=True)
class PromptSubject:
    """One prompt whose form is right enough to be looked into.

    Attributes:
        closure: its files.
        analyses: what each template of the closure says, by path.
    """

    closure: Closure
    analyses: Mapping[str, Analysis]

    @property
    def name(self) -> str:
        """The prompt's name."""
        return self.closure.name

    @property
    def path(self) -> str:
        """The prompt's own file."""
        return self.closure.path

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The declared inputs; empty where they are not a mapping."""
        inputs = self.closure.document.data.get("inputs")
        return inputs if isinstance(inputs, dict) else {}

    def problem(self, message: str, path: list[str | int], hint: str | None = None) -> Problem:
        """A problem with the frontmatter value at `path`."""
        return Problem(message, self.path, self.closure.document.locate(path), hint)


@dataclass(frozen=True, slots=True)
class FileSubject:
    """One text file below the prompts folder, newlines normalised."""

    path: str
    text: str

    def position(self, start: int, end: int) -> Position:
        """Where `text[start:end]` stands; a byte order mark takes no column."""
        line = self.text.count("\n", 0, start) + 1
        line_start = self.text.rfind("\n", 0, start) + 1
        column = start - line_start + 1
        if line == 1 and self.text.startswith("\ufeff"):
            column = max(column - 1, 1)
        return Position(line, column, line, column + end - start)


@dataclass(frozen=True, slots=True)
class FolderSubject:
    """The whole prompts folder.

    Attributes:
        paths: every file below it.
        used: the files that are part of some prompt.
    """

    paths: tuple[str, ...]
    used: frozenset[str]


@dataclass(frozen=True, slots=True)
class IgnoreSubject:
    """The `ignore` table of one prompt after everything else has been checked.

    Attributes:
        prompt: the prompt.
        used: the check ids whose findings the table kept quiet.
        known: every check id that can be ignored.
    """

    prompt: PromptSubject
    used: frozenset[str]
    known: frozenset[str]


class PromptCheck(Protocol):
    """A module that judges one prompt."""

    SEVERITY: Severity

    def check(self, subject: PromptSubject) -> Iterator[Problem]:
        """What is wrong with the prompt."""


class FileCheck(Protocol):
    """A module that judges one file."""

    SEVERITY: Severity

    def check(self, subject: FileSubject) -> Iterator[Problem]:
        """What is wrong with the file."""


class FolderCheck(Protocol):
    """A module that judges the whole prompts folder."""

    SEVERITY: Severity

    def check(self, subject: FolderSubject) -> Iterator[Problem]:
        """What is wrong with the folder."""


class IgnoreCheck(Protocol):
    """A module that judges what a prompt ignores."""

    SEVERITY: Severity

    def check(self, subject: IgnoreSubject) -> Iterator[Problem]:
        """What is wrong with the table."""


def route_names(subject: PromptSubject) -> Iterator[tuple[list[str | int], str]]:
    """Each name that a route's condition reads, with the condition's place in the frontmatter."""
    routes = subject.closure.document.data.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        condition = route.get("when") if isinstance(route, dict) else None
        if isinstance(condition, str):
            from promptops.template import analyze

            # Whatever is no expression is a fault of form and gives no names.
            source = f"{{% if {condition} %}}{{% endif %}}"
            for name in analyze(subject.path, source, partial=True).undeclared:
                yield ["routes", index, "when"], name
