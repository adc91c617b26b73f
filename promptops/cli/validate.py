"""`promptops validate`: check prompts."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import current, emit, has_colour, is_terminal, say
from promptops.errors import UsageError

if TYPE_CHECKING:
    from promptops.report.outcome import Paint
    from promptops.repository import Files, Repository


class ReportName(StrEnum):
    """The formats in which findings come out."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def validate(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|PATH]...",
            help="Prompts, files or folders; everything when none is given.",
            show_default=False,
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Check the files of a commit.")
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="Check what the next commit would contain.")
    ] = False,
    output: Annotated[
        ReportName, typer.Option("--format", help="How to write findings.", show_default=True)
    ] = ReportName.TEXT,
) -> None:
    """Check prompts: form, templates, inputs, names. Exit code 1 when anything is an error."""
    from promptops.report import FORMATS
    from promptops.report.outcome import Outcome, summarize
    from promptops.selection import select_prompts
    from promptops.validation import validate as validate_all
    from promptops.validation import validate_prompts

    repository = current().repository
    files = _choose_files(repository, revision, staged=staged)
    if targets:
        names = select_prompts(repository, files, current().directory, targets)
        result = validate_prompts(files, repository.config, names)
    else:
        result = validate_all(files, repository.config)
    outcome = Outcome(result.findings, len(result.prompts), result.texts, _painter())
    report = FORMATS[output.value].render(outcome)
    if report:
        emit(report)
    if output in {ReportName.TEXT, ReportName.CONCISE}:
        if report and is_terminal(sys.stdout):
            say("")
        say(summarize(outcome))
        if not result.prompts and not targets:
            say(f"hint: promptops new NAME writes a prompt below {repository.config.prompts}/")
    if not result.is_passed:
        raise typer.Exit(1)


def _choose_files(repository: Repository, revision: str | None, *, staged: bool) -> Files:
    if revision is not None and staged:
        raise UsageError("--rev and --staged together", hint="give one or the other")
    if revision is not None:
        return repository.at(revision)
    return repository.staged if staged else repository.working


_STYLES: dict[str, tuple[str | None, bool]] = {
    "error": ("red", True),
    "warning": ("yellow", True),
    "note": ("blue", True),
    "place": (None, True),
    "hint": ("cyan", False),
    "frame": ("bright_black", False),
}


def _painter() -> Paint:
    """Colours for a report on standard output, where it shows colours."""
    colours = has_colour(sys.stdout)

    def paint(text: str, purpose: str) -> str:
        colour, bold = _STYLES[purpose]
        return typer.style(text, fg=colour, bold=bold or None) if colours else text

    return paint
