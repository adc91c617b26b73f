"""`promptops validate`: check prompts, and apply safe fixes."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    AllOption,
    current,
    emit,
    emit_json,
    emit_table,
    has_colour,
    is_terminal,
    json_document,
    refer,
    refuse_both,
    say,
)
from promptops.errors import UsageError, count_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.checks.report.outcome import Paint, ReportOutcome
    from promptops.checks.request import Checking, CheckRequest
    from promptops.checks.validation import Validation


class ReportName(StrEnum):
    """The formats of findings."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"


class FailOn(StrEnum):
    """The lowest severity for which the exit code is 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


def validate(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|PATH|-]...",
            help="Prompts, files or folders; by default everything; - reads standard input.",
            show_default=False,
        ),
    ] = None,
    everything: AllOption = False,
    revision: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Check the files of this commit.")
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Check staged files only.")] = False,
    stdin_filename: Annotated[
        str | None,
        typer.Option(
            "--stdin-filename", metavar="PATH", help="The path to assume for standard input."
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            metavar="CHECK",
            help="Run only these checks; accepts patterns such as 'unused-*'.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="CHECK|PATH", help="Skip these checks, files or folders."
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit with 1 from this severity on.")
    ] = FailOn.ERROR,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help=(
                "Apply safe fixes, then check. --fix=raw also wraps text that cannot be a "
                "template in {% raw %}."
            ),
        ),
    ] = False,
    fix_raw: Annotated[bool, typer.Option("--fix-raw", hidden=True)] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix would change; exit with 1 if anything.")
    ] = False,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Show the number of findings of each check.")
    ] = False,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache/--no-cache", help="Skip prompts that have not changed since the last check."
        ),
    ] = True,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again when a file changes.")
    ] = False,
    output: Annotated[
        ReportName, typer.Option("--format", help="Output format.", show_default=True)
    ] = ReportName.TEXT,
) -> None:
    """Check prompts: frontmatter, templates, inputs, safety and names.

    Exit code 1: there are errors.
    """
    from promptops.checks.report.choice import parse_choice
    from promptops.checks.request import STDIN, CheckRequest
    from promptops.prompt.finding import Severity

    refuse_both(targets, everything=everything)
    elsewhere = [
        option
        for option, given in (
            ("--rev", revision is not None),
            ("--staged", staged),
            ("standard input", stdin_filename is not None or STDIN in (targets or ())),
        )
        if given
    ]
    if fix and diff:
        raise UsageError(
            "--fix and --diff cannot be combined",
            hint="use --diff alone to see what --fix would write",
        )
    fix = fix or (fix_raw and not diff)
    exclusive = [option for option, on in (("--fix", fix), ("--diff", diff)) if on]
    if watch or fix:
        _refuse_together([*exclusive, *(["--watch"] if watch else []), *elsewhere])
    _refuse_together(elsewhere)
    if statistics and output not in {ReportName.TEXT, ReportName.JSON}:
        raise UsageError(f"--statistics does not support {output.value}", hint="use text or json")
    choice = parse_choice(select or (), exclude or ())
    request = CheckRequest(choice, targets or (), revision, staged, stdin_filename, cache)

    def check() -> bool:
        validation = _fix(request, output, raw=fix_raw) if fix else _open(request).validate()
        _report(validation, output, statistics=statistics, is_quiet=staged)
        return fail_on is FailOn.NEVER or validation.is_milder_than(Severity(fail_on.value))

    if watch:
        from promptops.cli.watching import watch_and_repeat

        watch_and_repeat(check, with_owners=True)
    elif not (_show_fixes(request, raw=fix_raw) if diff else check()):
        raise typer.Exit(1)


def _refuse_together(options: Sequence[str]) -> None:
    if len(options) > 1:
        raise UsageError(
            f"{options[0]} and {options[1]} cannot be combined", hint="give one or the other"
        )


def _open(request: CheckRequest) -> Checking:
    from promptops.checks.request import Checking

    repository = current().repository

    def list_live() -> Mapping[str, Sequence[str]]:
        from promptops.delivery.listing import list_known_live

        return list_known_live(repository)

    return Checking(
        repository,
        current().directory,
        request,
        read_stdin=sys.stdin.buffer.read,
        list_live=list_live,
    )


def _fix(request: CheckRequest, output: ReportName, *, raw: bool) -> Validation:
    """Apply fixes, report their number, and return the remaining findings."""
    checking = _open(request)
    fixing = checking.fix(raw=raw)
    if fixing.fixed and output in {ReportName.TEXT, ReportName.CONCISE}:
        what = count_of(fixing.fixed, "finding")
        where = count_of(len(fixing.after), "file")
        say(f"fixed {what} in {where}")
    checking.require_any(fixing.rest)
    return fixing.rest


def _show_fixes(request: CheckRequest, *, raw: bool) -> bool:
    """Show what fixing would change; return whether that is nothing."""
    from promptops.checks.fixing import show_diff

    fixing = _open(request).plan_fixes(raw=raw)
    text = show_diff(fixing, current().repository.config.prompts)
    if text:
        emit(text.removesuffix("\n"))
        option = "--fix=raw" if raw else "--fix"
        say(f"{option} fixes {fixing.fixed:,} finding{'' if fixing.fixed == 1 else 's'}")
    else:
        say("--fix changes nothing")
    return not text


def _report(result: Validation, output: ReportName, *, statistics: bool, is_quiet: bool) -> None:
    from promptops.checks.report import render
    from promptops.checks.report.outcome import ReportOutcome, summarize

    outcome = ReportOutcome(
        result.findings,
        len(result.prompts),
        result.texts,
        painter(),
        result.included_from,
        elsewhere=result.elsewhere,
    )
    if statistics:
        _count(outcome, output)
        report = ""
    else:
        report = render(output.value, outcome)
    if report:
        emit(report)
    if output in {ReportName.TEXT, ReportName.CONCISE}:
        if report and is_terminal(sys.stdout):
            say("")
        # Print nothing for a commit that touches no prompt.
        if not is_quiet or result.prompts or result.findings:
            say(summarize(outcome))
        if result.findings:
            refer(_find_page({finding.check for finding in result.findings}))


def _find_page(checks: set[str]) -> str:
    """Return the documentation of the only check with findings, else the page on all checks."""
    from promptops.checks.catalogue import find_page

    return (find_page(min(checks)) if len(checks) == 1 else None) or "docs/checks.md"


def _count(outcome: ReportOutcome, output: ReportName) -> None:
    from promptops.checks.report.outcome import count_checks

    rows = count_checks(outcome)
    if output is ReportName.JSON:
        counts = [
            {"check": check, "severity": severity.value, "count": number, "fixable": fixable}
            for number, severity, check, fixable in rows
        ]
        emit_json(json_document("promptops.statistics/v1", checks=counts))
        return
    emit_table(
        [
            (f"{number:,}", severity.value, check, f"{fixable:,} fixable" if fixable else "")
            for number, severity, check, fixable in rows
        ]
    )


_STYLES: dict[str, tuple[str | None, bool]] = {
    "error": ("red", True),
    "warning": ("yellow", True),
    "note": ("blue", True),
    "place": (None, True),
    "hint": ("cyan", False),
    "frame": ("bright_black", False),
}


def painter() -> Paint:
    """Return the colours of a report on standard output."""
    colours = has_colour(sys.stdout)

    def paint(text: str, purpose: str) -> str:
        colour, bold = _STYLES[purpose]
        return typer.style(text, fg=colour, bold=bold or None) if colours else text

    return paint
