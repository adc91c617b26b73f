"""`promptops owners`: show who owns files."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    clean,
    current,
    emit,
    emit_json,
    emit_table,
    is_terminal,
    one_line,
    say,
    warn,
)
from promptops.errors import PromptopsError, UsageError, count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.forge.codeowners import Ownership
    from promptops.forge.codeowners.choice import FoundOwners
    from promptops.prompt.finding import Finding
    from promptops.repository.repository import Repository

_LINT = "lint"


class DialectName(StrEnum):
    """The CODEOWNERS dialects."""

    GITHUB = "github"
    GITLAB = "gitlab"


class OwnersFormat(StrEnum):
    """The formats of the answer; all but the first two are for `owners lint`."""

    TEXT = "text"
    JSON = "json"
    CONCISE = "concise"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"


def owners(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[lint | PATH...]",
            help=(
                "Files or folders; by default everything. `lint` checks the CODEOWNERS file; "
                "for a file of that name write ./lint."
            ),
            show_default=False,
        ),
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin",
            help=(
                "Read paths from standard input, one per line, relative to the top of the "
                "repository."
            ),
        ),
    ] = False,
    nul: Annotated[bool, typer.Option("-z", help="Paths on standard input end in NUL.")] = False,
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            metavar="OWNER",
            help="Only files owned by @user or @org/team, directly or through the groups file.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Read this CODEOWNERS file.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Use the files of this commit.")
    ] = None,
    dialect: Annotated[
        DialectName | None,
        typer.Option(
            "--dialect",
            help=(
                "The rules to follow; by default those of [gate], else GitLab's in its CI, "
                "else GitHub's."
            ),
        ),
    ] = None,
    output: Annotated[
        OwnersFormat,
        typer.Option(
            "--format", help="Output format; all but text and json are for lint.", show_default=True
        ),
    ] = OwnersFormat.TEXT,
) -> None:
    """Show who owns files according to CODEOWNERS. `owners lint` checks the CODEOWNERS file.

    A file is owned, unowned (its rule names no owner) or unmatched (no rule applies).
    """
    from promptops.forge.codeowners import Dialect
    from promptops.gate.ownership import read_groups, read_owners, select_owned
    from promptops.git.quoting import split_paths

    is_lint = _LINT in (targets or ())
    if is_lint and (len(targets or ()) > 1 or stdin or nul or of):
        raise UsageError(
            "lint takes no paths and no --stdin, -z or --of", hint="write ./lint for a path"
        )
    if nul and not stdin:
        raise UsageError("-z needs --stdin", hint="add --stdin")
    if stdin and targets:
        raise UsageError("paths and --stdin cannot be combined", hint="give one or the other")
    if not is_lint and output not in {OwnersFormat.TEXT, OwnersFormat.JSON}:
        raise UsageError(f"--format {output.value} is for owners lint", hint="use text or json")
    repository = current().repository
    found = read_owners(
        repository,
        None if dialect is None else Dialect(dialect.value),
        forge=Dialect.GITLAB if os.environ.get("GITLAB_CI") == "true" else None,
        revision=revision,
        file=None if file is None else current().directory / file,
    )
    if is_lint:
        _lint(repository, found, revision, output)
        return
    if found.owners.refusal is not None:
        raise PromptopsError(
            f"{found.path}: {found.owners.refusal}", hint="run promptops owners lint"
        )
    paths = (
        split_paths(sys.stdin.buffer.read(), nul=nul)
        if stdin
        else _paths(repository, targets or [], revision)
    )
    answers = [found.owners.match(path) for path in paths]
    if of is not None:
        answers = select_owned(answers, of, read_groups(repository, revision))
    _print_owners(found, answers, of, output)


def _paths(repository: Repository, targets: Sequence[str], revision: str | None) -> list[str]:
    from promptops.gate.ownership import list_paths, select_paths

    known = list_paths(repository, revision)
    return select_paths(repository, known, current().directory, targets) if targets else known


def _print_owners(
    found: FoundOwners, answers: Sequence[Ownership], of: str | None, output: OwnersFormat
) -> None:
    if output is OwnersFormat.JSON:
        from promptops.gate.ownership_documents import describe_owners

        emit_json(describe_owners(found, answers))
        return
    if answers:
        has_sections = any(one.section is not None for answer in answers for one in answer.answers)
        width = len(_HEADER) - (not has_sections)
        shown = [row[:width] for answer in answers for row in _rows(answer)]
        emit_table(shown, header=_HEADER[:width])
    else:
        say("there are no files here" if of is None else f"{one_line(of)} owns none of these files")
    skipped = len({problem.position for problem in found.owners.problems if problem.position})
    if skipped:
        lines = count_of(skipped, "line")
        warn(
            f"{found.path}: {lines} that the forge may read differently than expected",
            "run promptops owners lint to see them",
        )


_HEADER = ("PATH", "OWNERS", "LINE", "SECTION")


def _rows(ownership: Ownership) -> list[tuple[str, ...]]:
    path = clean(ownership.path).replace("\n", "\\n").replace("\t", "\\t")
    if not ownership.answers:
        return [(path, "(unmatched)", "", "")]
    return [
        (
            path,
            one_line(" ".join(answer.owners)) or "(unowned)",
            str(answer.line),
            one_line(answer.section or "") + (" (optional)" if answer.is_optional else ""),
        )
        for answer in ownership.answers
    ]


def _lint(
    repository: Repository, found: FoundOwners, revision: str | None, output: OwnersFormat
) -> None:
    from promptops.gate.ownership import lint_repository
    from promptops.prompt.finding import Severity

    findings = lint_repository(repository, found, revision=revision)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if output is OwnersFormat.JSON:
        from promptops.gate.ownership_documents import describe_owners_lint

        emit_json(describe_owners_lint(found, findings))
    else:
        _print_findings(found, findings, errors, output)
    if errors:
        raise typer.Exit(1)


def _print_findings(
    found: FoundOwners, findings: Sequence[Finding], errors: int, output: OwnersFormat
) -> None:
    from promptops.checks.report import render
    from promptops.checks.report.outcome import ReportOutcome

    report = render(output.value, ReportOutcome(findings, 0, {found.path: found.text}))
    if report:
        emit(report)
        if is_terminal(sys.stdout):
            say("")
    if output is OwnersFormat.TEXT:
        warnings = len(findings) - errors
        counts = [count_of(errors, "error")] * bool(errors)
        counts += [count_of(warnings, "warning")] * bool(warnings)
        say(f"{found.path}: {', '.join(counts) or 'no problems found'}")
