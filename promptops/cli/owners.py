"""`promptops owners`: say who owns what."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import (
    clean,
    current,
    emit,
    emit_json,
    emit_table,
    is_terminal,
    json_document,
    one_line,
    say,
    warn,
)
from promptops.errors import PromptopsError, UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.forge.codeowners import Ownership
    from promptops.forge.codeowners.choice import FoundOwners
    from promptops.gate.rules.people import Groups
    from promptops.prompt.finding import Finding
    from promptops.repository.repository import Repository

_LINT = "lint"


class DialectName(StrEnum):
    """Whose CODEOWNERS rules to follow."""

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
            help="Files or folders; everything unless given. The word lint judges the CODEOWNERS "
            "file itself (./lint is a file of that name).",
            show_default=False,
        ),
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Read paths from the repository's top, one a line."),
    ] = False,
    nul: Annotated[bool, typer.Option("-z", help="Paths on --stdin end in NUL.")] = False,
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            metavar="OWNER",
            help="Only what @user or @org/team owns, also by the groups file.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Read this CODEOWNERS file.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Look at the files of a commit.")
    ] = None,
    dialect: Annotated[
        DialectName | None,
        typer.Option(
            "--dialect",
            help="Whose rules to follow; what [gate] says, else GitLab's in its CI, else GitHub's.",
        ),
    ] = None,
    output: Annotated[
        OwnersFormat,
        typer.Option("--format", help="text or json; the others for lint.", show_default=True),
    ] = OwnersFormat.TEXT,
) -> None:
    """Say who owns files by the CODEOWNERS file, or judge that file with `owners lint`.

    A path is owned, unowned (its rule names nobody) or unmatched (there is no rule for it).
    """
    from promptops.forge.codeowners import Dialect
    from promptops.gate.ownership import read_groups, read_owners

    is_lint = _LINT in (targets or ())
    if is_lint and (len(targets or ()) > 1 or stdin or nul or of):
        raise UsageError(
            "lint takes no paths and no --stdin, -z or --of", hint="write ./lint for a path"
        )
    if nul and not stdin:
        raise UsageError("-z without --stdin", hint="add --stdin")
    if stdin and targets:
        raise UsageError("paths and --stdin together", hint="give one or the other")
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
            f"{found.path}: {found.owners.refusal}", hint="promptops owners lint says more"
        )
    paths = _stdin_paths(nul=nul) if stdin else _paths(repository, targets or [], revision)
    answers = [found.owners.match(path) for path in paths]
    if of is not None:
        answers = _owned_by(answers, of, read_groups(repository, revision))
    _print_owners(found, answers, of, output)


def _paths(repository: Repository, targets: Sequence[str], revision: str | None) -> list[str]:
    from promptops.gate.ownership import list_paths, select_paths

    known = list_paths(repository, revision)
    return select_paths(repository, known, current().directory, targets) if targets else known


def _stdin_paths(*, nul: bool) -> list[str]:
    data = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    if nul:
        return [path for path in data.split("\0") if path]
    return [_unquoted(line.removesuffix("\r")) for line in data.split("\n") if line]


_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


def _unquoted(line: str) -> str:
    """Return a path as git lists it: in quotes, with escapes, where it is out of the ordinary."""
    if len(line) < 2 or not (line.startswith('"') and line.endswith('"')):
        return line
    source = line[1:-1].encode("utf-8", "surrogateescape")
    result = bytearray()
    at = 0
    while at < len(source):
        octal = source[at + 1 : at + 4]
        if source[at : at + 1] != b"\\" or at + 1 == len(source):
            result.append(source[at])
            at += 1
        elif (
            len(octal) == 3 and octal[0] in b"0123" and all(digit in b"01234567" for digit in octal)
        ):
            result.append(int(octal, 8))
            at += 4
        else:
            result.append(_ESCAPES.get(chr(source[at + 1]), source[at + 1]))
            at += 2
    return result.decode("utf-8", "surrogateescape")


def _owned_by(answers: Iterable[Ownership], owner: str, groups: Groups | None) -> list[Ownership]:
    from promptops.forge.codeowners import owner_key

    if "@" not in owner and (groups is None or not groups.knows(owner)):
        raise UsageError(f"{quote(owner)} is no owner", hint=f"did you mean @{owner.lstrip('-')}?")
    keys = {owner_key(owner)} if groups is None else groups.owners_met_by(owner)
    return [one for one in answers if not keys.isdisjoint(map(owner_key, one.owners))]


def _print_owners(
    found: FoundOwners, answers: Sequence[Ownership], of: str | None, output: OwnersFormat
) -> None:
    if output is OwnersFormat.JSON:
        rows = [row for answer in answers for row in describe_ownership(answer)]
        emit_json(
            json_document(
                "promptops.owners/v1",
                file=found.path,
                dialect=found.owners.dialect.value,
                paths=rows,
            )
        )
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
        lines = _counted(skipped, "line")
        warn(
            f"{found.path}: {lines} that the forge reads otherwise than it may seem",
            "promptops owners lint names them",
        )


_HEADER = ("PATH", "OWNERS", "LINE", "SECTION")


def describe_ownership(ownership: Ownership) -> list[dict[str, Any]]:
    """Return a path's ownership for JSON: a row for each section that answers, or one without
    answer.
    """
    if not ownership.answers:
        return [_json_row(ownership.path, ownership.state.value)]
    return [
        _json_row(
            ownership.path,
            answer.state.value,
            owners=list(answer.owners),
            line=answer.line,
            section=answer.section,
            approvals=answer.approvals,
            optional=answer.is_optional,
        )
        for answer in ownership.answers
    ]


def _json_row(path: str, state: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    row: dict[str, Any] = {"path": path, "state": state, "owners": [], "line": None}
    return {**row, "section": None, "approvals": None, "optional": None, **fields}


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
        emit_json(_lint_document(found, findings, errors))
    else:
        _print_findings(found, findings, errors, output)
    if errors:
        raise typer.Exit(1)


def _print_findings(
    found: FoundOwners, findings: Sequence[Finding], errors: int, output: OwnersFormat
) -> None:
    from promptops.checks.report.outcome import ReportFormat, ReportOutcome

    module: ReportFormat = import_module(f"promptops.checks.report.{output.value}")
    report = module.render(ReportOutcome(findings, 0, {found.path: found.text}))
    if report:
        emit(report)
        if is_terminal(sys.stdout):
            say("")
    if output is OwnersFormat.TEXT:
        warnings = len(findings) - errors
        counts = [_counted(errors, "error")] * bool(errors)
        counts += [_counted(warnings, "warning")] * bool(warnings)
        say(f"{found.path}: {', '.join(counts) or 'no problems found'}")


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _lint_document(found: FoundOwners, findings: Sequence[Finding], errors: int) -> dict[str, Any]:
    return json_document(
        "promptops.owners-lint/v1",
        file=found.path,
        dialect=found.owners.dialect.value,
        summary={"errors": errors, "warnings": len(findings) - errors},
        findings=[
            {
                "check": finding.check,
                "severity": finding.severity.value,
                "message": finding.message,
                "hint": finding.hint,
                "path": finding.path,
                "line": finding.position.line if finding.position else None,
                "column": finding.position.column if finding.position else None,
            }
            for finding in findings
        ],
    )
