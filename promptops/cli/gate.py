"""`promptops gate`: may this change merge?"""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    BaseOption,
    HeadOption,
    TargetOption,
    current,
    emit,
    one_line,
    refer,
    say,
)
from promptops.cli.validate import ReportName, painter
from promptops.errors import UsageError, quote
from promptops.files import read_named

_MAX_NAMED = 5

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.checks.report.outcome import Paint, ReportOutcome
    from promptops.gate.admission import Admission
    from promptops.gate.costs import Costs
    from promptops.gate.policy import Policy
    from promptops.gate.rules import Approvals, Change, EvalEvidence, Verdict
    from promptops.repository.repository import Repository


class ApprovalSource(StrEnum):
    """The sources of approvals."""

    AUTO = "auto"
    OFF = "off"
    GITHUB = "github"
    GITLAB = "gitlab"
    SIGNED = "signed"
    FILE = "file"


def gate(
    base: BaseOption = None,
    head: HeadOption = None,
    target: TargetOption = None,
    approvals: Annotated[
        ApprovalSource | None,
        typer.Option("--approvals", help="Where approvals come from; by default as in [gate]."),
    ] = None,
    approvals_file: Annotated[
        Path | None,
        typer.Option(
            "--approvals-file",
            metavar="FILE",
            help="Read approvals from a JSON file outside the checkout.",
        ),
    ] = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option("--evidence", metavar="FILE", help="Read eval results from a JSON file."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what the verdict is based on.")
    ] = False,
    local: Annotated[
        bool,
        typer.Option("--local", help="Do not fetch release tags and approvals."),
    ] = False,
    report: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="FORMAT=FILE", help="Also write the verdict to a file."),
    ] = None,
    output: Annotated[
        ReportName, typer.Option("--format", help="Output format.", show_default=True)
    ] = ReportName.TEXT,
) -> None:
    """Decide whether a change may merge: is it valid, versioned, owned and approved?

    The gate judges the result of the merge. Rules, owners and signers come from the target branch,
    never from the change. In the CI of GitHub and GitLab, the proposed change is the one that the
    run is about. Exit code 0: it may merge. 1: it may not. 2: this could not be determined.
    """
    from promptops.forge.codeowners import Dialect
    from promptops.forge.event import read_event
    from promptops.gate.admission import (
        find_endpoints,
        find_proposed,
        judge_change,
        require_release_tags,
    )
    from promptops.gate.approvals.collection import collect_approvals
    from promptops.gate.verdicts import keep_verdict
    from promptops.git.refs import short_name

    repository = current().repository
    files = [_parse_report(text) for text in report or ()]
    event = read_event(os.environ)
    endpoints = None
    if event is not None and base is None and head is None:
        endpoints = find_proposed(repository, event)
    endpoints = endpoints or find_endpoints(repository, base, head, target, local=local)
    dialect = None if event is None else Dialect(event.forge)
    if not local:
        require_release_tags(repository)

    def read_approvals(policy: Policy, change: Change) -> Approvals:
        return collect_approvals(
            repository,
            policy,
            change,
            source=approvals.value if approvals else None,
            file=None if approvals_file is None else current().directory / approvals_file,
            environment=os.environ,
            fetch=not local,
        )

    results = _read_evidence(evidence or ())
    admission = judge_change(
        repository, endpoints, read_approvals, dialect=dialect, evidence=results
    )
    keep_verdict(repository, admission.verdict)
    for name, file in files:
        # Standard output shows bytes that are not UTF-8 in the same way.
        file.write_text(f"{_render(admission, name, _plain)}\n", "utf-8", "backslashreplace")
    shown = _render(admission, output, painter())
    if shown:
        emit(shown)
    if output in {ReportName.TEXT, ReportName.CONCISE}:
        named = base or short_name(repository.default_branch_ref or endpoints.target)
        _advise(admission, named, explain=explain)
        if head is None and event is None:
            _tell_uncommitted(repository)
    if not admission.verdict.is_allowed:
        raise typer.Exit(1)


def _parse_report(text: str) -> tuple[ReportName, Path]:
    word, _, file = text.partition("=")
    names = [name.value for name in ReportName]
    if word not in names or not file:
        raise UsageError(
            f"--report {quote(text)} is not FORMAT=FILE",
            hint=f"use one of the formats {', '.join(names)}",
        )
    return ReportName(word), current().directory / file


def _read_evidence(files: Sequence[Path]) -> list[EvalEvidence]:
    from promptops.gate.rules import parse_evidence

    results: list[EvalEvidence] = []
    for file in files:
        results += parse_evidence(read_named(current().directory / file), str(file))
    return results


def _plain(text: str, purpose: str) -> str:  # noqa: ARG001 - a painter's signature
    return text


def _render(admission: Admission, name: ReportName, paint: Paint) -> str:
    from promptops.checks.report import render

    verdict = admission.verdict
    if name is ReportName.JSON:
        return json.dumps(verdict.as_json(), ensure_ascii=False, indent=2)
    if name is ReportName.MARKDOWN:
        from promptops.gate.markdown import verdict_to_markdown

        return verdict_to_markdown(verdict, _measure(verdict))
    findings = render(name.value, _outcome(admission, paint, is_whole=name is not ReportName.TEXT))
    if name is not ReportName.TEXT:
        return findings
    from promptops.cli.verdict import describe_verdict

    return "\n".join(describe_verdict(verdict, _measure(verdict), findings))


def _measure(verdict: Verdict) -> Costs:
    from promptops.gate.costs import measure_change
    from promptops.repository.prices import Prices

    return measure_change(verdict.change, Prices(current().repository.config.models))


def _outcome(admission: Admission, paint: Paint, *, is_whole: bool) -> ReportOutcome:
    """Return the content of a report, with the touched prompts' texts for excerpts."""
    from promptops.checks.report.outcome import ReportOutcome
    from promptops.gate.missing import list_faults
    from promptops.gate.rules.catalogue import RULES
    from promptops.gate.rules.version_lines import list_version_lines

    verdict, validation = admission.verdict, admission.validation
    texts = {
        one.path: one.after.closure.document.text
        for one in verdict.change.prompts
        if one.after is not None
    }
    findings = verdict.findings
    if not is_whole:  # skip what the first lines already say
        findings = tuple(
            list_faults(findings, list_version_lines(verdict.change.prompts, verdict.findings))
        )
    return ReportOutcome(
        findings,
        len(verdict.change.prompts),
        {**texts, **validation.texts},
        paint,
        validation.included_from,
        RULES,
    )


def _tell_uncommitted(repository: Repository) -> None:
    """Warn of uncommitted changes of governed files, which were not judged."""
    from promptops.git.index import uncommitted_paths

    config = repository.config
    paths = sorted(uncommitted_paths(repository.git, config.prompts))
    paths += sorted(uncommitted_paths(repository.git, config.evals))
    if paths:
        shown = ", ".join(one_line(path) for path in paths[:_MAX_NAMED])
        more = f" and {len(paths) - _MAX_NAMED} more" if len(paths) > _MAX_NAMED else ""
        say(f"not committed, so not checked: {shown}{more}")


def _advise(admission: Admission, base: str, *, explain: bool) -> None:
    """Print a summary and the next commands on standard error."""
    from promptops.cli.verdict import explain_verdict
    from promptops.gate.summary import list_commands
    from promptops.prompt.finding import Severity

    verdict = admission.verdict
    if explain:
        say("")
        for line in explain_verdict(verdict):
            say(line)
    counts = [
        (sum(one.severity is severity for one in verdict.findings), severity.value)
        for severity in Severity
    ]
    found = ", ".join(f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count)
    say("")
    say(found or "no problems found")
    for command in list_commands(verdict, base):
        say(f" hint: {command}")
    if not verdict.is_allowed:
        refer("docs/gate.md#findings")
