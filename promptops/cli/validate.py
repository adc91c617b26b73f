"""`promptops validate`: check prompts, and fix what can be fixed safely."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    Session,
    current,
    emit,
    emit_json,
    emit_table,
    has_colour,
    is_terminal,
    json_document,
    report_error,
    say,
    start_session,
)
from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from promptops.checks.report.choice import Choice
    from promptops.checks.report.outcome import Paint, ReportOutcome
    from promptops.checks.validation import Validation
    from promptops.repository.repository import Files, Repository

_STDIN = "-"


class ReportName(StrEnum):
    """The formats in which findings come out."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class _ValidateRequest:
    """What was asked for."""

    targets: Sequence[str]
    revision: str | None
    staged: bool
    stdin_filename: str | None
    choice: Choice
    output: ReportName
    statistics: bool
    fail_on: FailOn
    cache: bool


def validate(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|PATH|-]...",
            help="Prompts, files or folders; everything when none is given; - is standard input.",
            show_default=False,
        ),
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Check the files of a commit.")
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="Check what the next commit would contain.")
    ] = False,
    stdin_filename: Annotated[
        str | None,
        typer.Option(
            "--stdin-filename", metavar="PATH", help="The file that standard input stands for."
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", metavar="CHECK", help="Report only these checks; 'unused-*' works."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="CHECK|PATH", help="Leave out these checks, files or folders."
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="From what on the exit code is 1.")
    ] = FailOn.ERROR,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Fix what can be fixed safely, then check. --fix=raw also marks as text what "
            "cannot be a template.",
        ),
    ] = False,
    fix_raw: Annotated[bool, typer.Option("--fix-raw", hidden=True)] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix would change; exit code 1 if anything.")
    ] = False,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Count the findings of each check.")
    ] = False,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache/--no-cache", help="Pass over prompts that are as they were last time."
        ),
    ] = True,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file changes.")
    ] = False,
    output: Annotated[
        ReportName, typer.Option("--format", help="How to write findings.", show_default=True)
    ] = ReportName.TEXT,
) -> None:
    """Check prompts: form, templates, inputs, safety, names. Exit code 1 when there are errors."""
    from promptops.checks.report.choice import parse_choice

    elsewhere = [
        option
        for option, given in (
            ("--rev", revision is not None),
            ("--staged", staged),
            ("standard input", stdin_filename is not None or _STDIN in (targets or ())),
        )
        if given
    ]
    if fix and diff:
        raise UsageError(
            "--fix and --diff together", hint="--diff alone shows what --fix alone would write"
        )
    fix = fix or (fix_raw and not diff)
    exclusive = [option for option, on in (("--fix", fix), ("--diff", diff)) if on]
    if watch or fix:
        _refuse_together([*exclusive, *(["--watch"] if watch else []), *elsewhere])
    _refuse_together(elsewhere)
    if statistics and output not in {ReportName.TEXT, ReportName.JSON}:
        raise UsageError(
            f"--statistics has no format {output.value}", hint="its formats are text and json"
        )
    choice = parse_choice(select or (), exclude or ())
    request = _ValidateRequest(
        targets or (), revision, staged, stdin_filename, choice, output, statistics, fail_on, cache
    )
    if watch:
        _watch(request)
    elif diff:
        passed = _show_fixes(request, raw=fix_raw)
        if not passed:
            raise typer.Exit(1)
    elif not _check(request, fix=fix, raw=fix_raw):
        raise typer.Exit(1)


def _refuse_together(options: Sequence[str]) -> None:
    if len(options) > 1:
        raise UsageError(f"{options[0]} and {options[1]} together", hint="give one or the other")


def _check(request: _ValidateRequest, *, fix: bool = False, raw: bool = False) -> bool:
    """Check once and report; whether the answer is yes."""
    repository = current().repository
    files, only = _choose_files(repository, request)
    judge = _Judge(repository, request, files, only)
    if fix:
        from promptops.checks.fixing import plan_fixes, write_fixes

        fixing = plan_fixes(files, repository.config.prompts, judge, raw=raw)
        write_fixes(repository.require_work_tree() / repository.config.prompts, fixing)
        result = fixing.rest
        if fixing.fixed and request.output in {ReportName.TEXT, ReportName.CONCISE}:
            what = "1 finding" if fixing.fixed == 1 else f"{fixing.fixed:,} findings"
            where = "1 file" if len(fixing.after) == 1 else f"{len(fixing.after):,} files"
            say(f"fixed {what} in {where}")
    else:
        result = judge(files)
    # A commit may well touch no prompt; who asks about a folder means the prompts in it.
    if not result.prompts and only is None and not request.staged and not result.findings:
        from promptops.checks.selection import refuse_nothing

        refuse_nothing(repository, files, current().directory, request.targets)
    _report(request, result)
    return _is_passed(result, request.fail_on)


def _show_fixes(request: _ValidateRequest, *, raw: bool) -> bool:
    """Show what fixing would change; whether that is nothing."""
    from promptops.checks.fixing import plan_fixes, show_diff

    repository = current().repository
    files, only = _choose_files(repository, request)
    folder = repository.config.prompts
    fixing = plan_fixes(files, folder, _Judge(repository, request, files, only), raw=raw)
    text = show_diff(fixing, folder)
    if text:
        emit(text.removesuffix("\n"))
        option = "--fix=raw" if raw else "--fix"
        say(f"{option} fixes {fixing.fixed:,} finding{'' if fixing.fixed == 1 else 's'}")
    else:
        say("--fix changes nothing")
    return not text


class _Judge:
    """Judges some files as asked for, leaving out the findings that nobody wants to see."""

    def __init__(
        self, repository: Repository, request: _ValidateRequest, files: Files, only: str | None
    ) -> None:
        from promptops.checks.selection import select_prompts, select_staged

        self._config = repository.config
        self._choice = request.choice
        self._only = f"{repository.config.prompts}/{only}" if only is not None else None
        self._names: list[str] | None = None
        # What was live when another revision was made is not what is live now.
        self._list_live = partial(_list_live, repository) if request.revision is None else None
        self._store = None
        # What a gate or a server asks about a revision is always looked at anew.
        if request.cache and request.revision is None and only is None:
            from promptops.checks.store import ResultStore

            folder = repository.git.common_dir / "promptops" / "validate"
            self._store = ResultStore(folder)
        named = [request.stdin_filename or ""] if only is not None else request.targets
        if named:
            self._names = select_prompts(repository, files, current().directory, named)
        elif request.staged:
            self._names = select_staged(repository, files)

    def __call__(self, files: Files) -> Validation:
        from promptops.checks.engine import validate as validate_all
        from promptops.checks.engine import validate_prompts

        # A partial that nothing includes yet is judged with the folder.
        if self._names is None or (self._only is not None and not self._names):
            result = validate_all(files, self._config, store=self._store, list_live=self._list_live)
        else:
            result = validate_prompts(files, self._config, self._names)
        kept = tuple(
            finding
            for finding in result.findings
            if self._choice.keeps(finding) and self._only in {None, finding.path}
        )
        return replace(result, findings=kept)


def _list_live(repository: Repository) -> Mapping[str, Sequence[str]]:
    """Return the environments in which each prompt is live, as far as this clone knows."""
    from promptops.delivery.listing import list_live

    try:
        return {name: tuple(entries) for name, entries in list_live(repository).items()}
    except PromptopsError:
        return {}  # what is wrong with an environment is for `verify` to say


def _choose_files(repository: Repository, request: _ValidateRequest) -> tuple[Files, str | None]:
    """Return the files to judge; and the path of the only one to report, when it is standard
    input.
    """
    if request.stdin_filename is not None or _STDIN in request.targets:
        return _read_stdin(repository, request)
    if request.revision is not None:
        files = repository.at(request.revision)
        if not files.paths() and repository.at_deployment(request.revision):
            raise UsageError(
                f"{request.revision} is an environment: it holds releases, which were judged",
                hint="promptops verify holds them to their tags; promptops diff --from "
                f"{request.revision} compares them",
            )
        return files, None
    return repository.staged if request.staged else repository.working, None


def _read_stdin(repository: Repository, request: _ValidateRequest) -> tuple[Files, str]:
    from promptops.checks.selection import locate_file
    from promptops.repository.repository import OverlaidFiles

    if request.stdin_filename is None:
        raise UsageError(
            "standard input has no name", hint="give the file's with --stdin-filename PATH"
        )
    if any(target != _STDIN for target in request.targets):
        raise UsageError("standard input and other targets together", hint="give one or the other")
    path = locate_file(repository, current().directory, request.stdin_filename)
    content = {path: sys.stdin.buffer.read()}
    return OverlaidFiles(repository.working, content), path


def _report(request: _ValidateRequest, result: Validation) -> None:
    from promptops.checks.report import render
    from promptops.checks.report.outcome import ReportOutcome, summarize

    outcome = ReportOutcome(
        result.findings, len(result.prompts), result.texts, painter(), result.included_from
    )
    if request.statistics:
        _count(outcome, request.output)
        report = ""
    else:
        report = render(request.output.value, outcome)
    if report:
        emit(report)
    if request.output in {ReportName.TEXT, ReportName.CONCISE}:
        if report and is_terminal(sys.stdout):
            say("")
        # A commit that touches no prompt is nobody's news.
        if not request.staged or result.prompts or result.findings:
            say(summarize(outcome))


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


def _is_passed(result: Validation, fail_on: FailOn) -> bool:
    from promptops.prompt.finding import Severity

    order = [severity.value for severity in Severity]
    if fail_on is FailOn.NEVER:
        return True
    grave = order[: order.index(fail_on.value) + 1]
    return not any(finding.severity.value in grave for finding in result.findings)


def _watch(request: _ValidateRequest) -> None:
    """Check again and again, until interrupted; what cannot be checked is said, and waited for."""
    import time

    from promptops.checks.watching import watch

    directory = str(current().directory)
    for _ in watch(_watched_paths, time.sleep):
        if is_terminal(sys.stdout):
            sys.stdout.write("\x1b[2J\x1b[H")
        try:
            _check(request)
        except PromptopsError as error:
            report_error(error)
        sys.stdout.flush()
        say("watching for changes; Ctrl-C ends it")
        start_session(Session(directory))


def _watched_paths() -> Iterable[Path]:
    from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE, Config

    repository = current().repository
    top = repository.require_work_tree()
    try:
        config = repository.config
    except PromptopsError:
        config = Config()
    owners = [f"{folder}CODEOWNERS" for folder in ("", ".github/", ".gitlab/", "docs/")]
    names = [config.prompts, config.evals, CONFIG_FILE, PYPROJECT_FILE, *owners]
    return [top / name for name in names]


_STYLES: dict[str, tuple[str | None, bool]] = {
    "error": ("red", True),
    "warning": ("yellow", True),
    "note": ("blue", True),
    "place": (None, True),
    "hint": ("cyan", False),
    "frame": ("bright_black", False),
}


def painter() -> Paint:
    """Colours for a report on standard output, where it shows colours."""
    colours = has_colour(sys.stdout)

    def paint(text: str, purpose: str) -> str:
        colour, bold = _STYLES[purpose]
        return typer.style(text, fg=colour, bold=bold or None) if colours else text

    return paint
