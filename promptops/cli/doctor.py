"""`promptops doctor`: is this repository really protected?"""

from __future__ import annotations

import os
import time
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import (
    current,
    emit,
    emit_json,
    json_document,
    one_line,
    paint,
    refer,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.protection.doctor import Diagnosis, DoctorAnswer


PAGE = "docs/protection.md#what-doctor-looks-at"


class ForgeName(StrEnum):
    """The forges to ask."""

    AUTO = "auto"
    OFF = "off"
    GITHUB = "github"
    GITLAB = "gitlab"


class DoctorFormat(StrEnum):
    """The formats of the diagnosis."""

    TEXT = "text"
    JSON = "json"
    CONCISE = "concise"
    GITHUB = "github"


def doctor(
    forge: Annotated[
        ForgeName,
        typer.Option(
            "--forge",
            help="The forge whose settings are checked; auto: the remote's forge.",
            show_default=True,
        ),
    ] = ForgeName.AUTO,
    output: Annotated[
        DoctorFormat, typer.Option("--format", help="Output format.", show_default=True)
    ] = DoctorFormat.TEXT,
) -> None:
    """Find ways to bypass the gate: in this clone, in its files, and in the forge's settings.

    The forge is asked with PROMPTOPS_GITHUB_TOKEN or PROMPTOPS_GITLAB_TOKEN. Exit code 1: the gate
    can be bypassed. 2: this could not be determined.
    """
    from promptops.protection.doctor import AnswerState, DoctorSubject, ForgeChoice, examine
    from promptops.runtime.sources.copies import default_cache

    subject = DoctorSubject(
        current().repository,
        cache=default_cache(),
        now_seconds=time.time(),
        environment=os.environ,
    )
    diagnosis = examine(subject, forge=ForgeChoice(forge.value), environment=os.environ)
    if output is DoctorFormat.JSON:
        emit_json(_document(diagnosis))
    elif output is DoctorFormat.TEXT:
        emit("\n".join(_lines(diagnosis)))
        say(_summary(diagnosis))
        if diagnosis.of(AnswerState.FINDING):
            refer(PAGE)
    else:
        _report(diagnosis, output)
    if not diagnosis.is_protected:
        raise typer.Exit(1)
    if not diagnosis.is_certain:
        raise typer.Exit(2)


def _report(diagnosis: Diagnosis, output: DoctorFormat) -> None:
    from promptops.checks.report.outcome import ReportFormat, ReportOutcome
    from promptops.protection.doctor import AnswerState

    answers = [*diagnosis.of(AnswerState.FINDING), *diagnosis.of(AnswerState.UNKNOWN)]
    findings = [finding for answer in answers if (finding := answer.as_finding())]
    module: ReportFormat = import_module(f"promptops.checks.report.{output.value}")
    report = module.render(ReportOutcome(findings, 0))
    if report:
        emit(report)


_COLOURS = {
    "error": "red",
    "warning": "yellow",
    "note": "blue",
    "unknown": "magenta",
    "fine": "green",
}


def _lines(diagnosis: Diagnosis) -> list[str]:
    """Return the answers in the order: findings, unknown, fine."""
    from promptops.protection.doctor import AnswerState

    lines: list[str] = []
    for state in (AnswerState.FINDING, AnswerState.UNKNOWN):
        same: dict[object, list[DoctorAnswer]] = {}
        for answer in diagnosis.of(state):
            fact = (answer.check, answer.severity, answer.seen, answer.risk, answer.remedy)
            same.setdefault(fact, []).append(answer)
        for answers in same.values():
            places = list(dict.fromkeys(one_line(answer.place) for answer in answers))
            lines += [*_paragraph(answers[0], places), ""]
    for answer in diagnosis.of(AnswerState.FINE):
        lines.append(_headline(answer, "fine"))
    return lines if lines and lines[-1] else lines[:-1]


def _paragraph(answer: DoctorAnswer, places: Sequence[str]) -> list[str]:
    """Return the lines of one answer, which may be about several places."""
    word = answer.severity.value if answer.severity else "unknown"
    lines = [_headline(answer, word)]
    if len(places) > 1 or places[0] not in one_line(answer.seen):
        lines.append(f"{'':9}{paint('where:', dim=True)} {', '.join(places)}")
    if answer.risk:
        lines.append(f"{'':10}{paint('risk:', dim=True)} {one_line(answer.risk)}")
    if answer.remedy:
        lines.append(f"{'':9}{paint('remedy:', 'cyan')} {one_line(answer.remedy)}")
    return lines


def _headline(answer: DoctorAnswer, word: str) -> str:
    return (
        f"{paint(f'{word:>7}', _COLOURS[word], bold=True)}  {one_line(answer.seen)} "
        f"{paint(f'[{answer.check}]', dim=True)}"
    )


def _summary(diagnosis: Diagnosis) -> str:
    from promptops.prompt.finding import Severity
    from promptops.protection.doctor import AnswerState

    counts = []
    for severity in Severity:
        number = sum(answer.severity is severity for answer in diagnosis.answers)
        counts += [f"{number} {severity.value}{'' if number == 1 else 's'}"] * bool(number)
    unknown = len(diagnosis.of(AnswerState.UNKNOWN))
    counts += [f"{unknown} unknown"] * bool(unknown)
    fine = len(diagnosis.of(AnswerState.FINE))
    return f"{', '.join(counts) or 'no problems found'}; {fine} fine"


def _document(diagnosis: Diagnosis) -> dict[str, object]:
    return json_document(
        "promptops.doctor/v1",
        documentation=PAGE,
        protected=diagnosis.is_protected,
        certain=diagnosis.is_certain,
        answers=[
            {
                "check": answer.check,
                "state": answer.state.name.lower(),
                "severity": answer.severity.value if answer.severity else None,
                "seen": answer.seen,
                "place": answer.place,
                "risk": answer.risk or None,
                "remedy": answer.remedy or None,
            }
            for answer in diagnosis.answers
        ],
    )
