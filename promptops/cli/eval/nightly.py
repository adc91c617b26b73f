"""`promptops eval nightly`: evaluate live versions and compare with earlier nights."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.deployment import EnvironmentOption
from promptops.cli.eval.running import (
    INTERRUPTED_CODE,
    ConcurrencyOption,
    MaxCostOption,
    say_plan,
    show_progress,
    to_micros,
)
from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    one_line,
    paint,
    report_error,
    runtime_config,
    warn,
)
from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    from typing import Any

    from promptops.evals.nightly.branch import HistoryBranch, NightHistory
    from promptops.evals.nightly.running import NightOutcome, NightReport
    from promptops.evals.outcome import SuiteOutcome

_COLOURS = {"passed": "green", "alarm": "red", "could not judge": "yellow"}


def nightly(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]", help="Prompts or suite files; by default all live ones."
        ),
    ] = None,
    environment: EnvironmentOption = "",
    alert: Annotated[
        bool, typer.Option("--alert", help="Also send alerts through [alerts].")
    ] = False,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Use tonight as the new baseline."),
    ] = False,
    night: Annotated[
        str | None,
        typer.Option(
            "--night", metavar="DATE", help="The night to record, in UTC; by default today."
        ),
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Keep the results in this clone; do not push.")
    ] = False,
    max_cost: MaxCostOption = None,
    concurrency: ConcurrencyOption = None,
    no_python: Annotated[
        bool, typer.Option("--no-python", help="Do not run Python functions of the repository.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the estimated calls and cost; call no model.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write an HTML report to FILE."),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Run the suites of what is live, and compare the results with earlier nights.

    Results are stored in the Git branch promptops-evals. An alarm is a new served model or system
    fingerprint, or a result that is worse than on earlier nights, or blocked by the suite, in two
    runs. Exit code 0: no change. 1: an alarm. 2: something could not be decided.
    """
    from promptops.delivery.refresh import refresh
    from promptops.evals.nightly.branch import HistoryBranch
    from promptops.evals.nightly.running import NightPlan, run_night
    from promptops.evals.opening import EvalOptions
    from promptops.evals.runner import INTERRUPTED

    night = None if night is None else _read_night(night)
    repository = current().repository
    environment = environment or repository.config.default_environment
    freshness = refresh(repository, time.time(), repository.config.timeouts.usual)
    if freshness.fault:
        warn(f"live versions are as of the last fetch: {one_line(freshness.fault)}")
    branch = HistoryBranch(repository, is_local=local)
    branch.refresh()
    history = branch.read([environment])
    plan = NightPlan(repository, names or (), environment)
    for name in plan.unwatched:
        warn(f"{name} is live in {environment} and has no eval suite")
    for fault in history.damaged:
        warn(fault)
    options = EvalOptions(None, to_micros(max_cost), concurrency, allows_python=not no_python)
    if plan.preparation.parts:
        say_plan(repository, plan.preparation, options)
    if dry_run:
        return
    report = run_night(
        repository,
        plan,
        options,
        history,
        show_progress(),
        clock=time.time,
        night=night,
        accepts=accept,
    )
    is_interrupted = report.result.stopped == INTERRUPTED
    # Alert before storing the results, because a stored change is not reported again.
    is_told = not alert or is_interrupted or _send_alerts(report)
    is_kept = is_told and not is_interrupted and _add_to_history(branch, report)
    code = int(report.exit) if is_kept else 2
    if output is Format.JSON:
        found = {**_to_json(report, history), "kept": is_kept, "exit": code}
        emit_json(json_document("promptops.eval-nightly/v1", **found))
    else:
        _print(report)
    if not is_told:
        warn(
            "tonight's results are not stored, so the next run sends these alerts again",
            hint="run promptops alerts test to see which channels work",
        )
    if page is not None:
        _write_page(page, report, history)
    raise typer.Exit(INTERRUPTED_CODE if is_interrupted else code)


def _read_night(text: str) -> str:
    from datetime import date

    from promptops.evals.nightly.branch import name_night

    try:
        night = date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--night '{text}' is not a date", hint="write 2026-11-29") from None
    if night > name_night(time.time()):
        raise UsageError(f"the night of {night} is in the future", hint="leave out --night")
    return night


def _add_to_history(branch: HistoryBranch, report: NightReport) -> bool:
    """Add tonight to the history; return whether that succeeded."""
    if not report.records:
        return True
    try:
        branch.append(report.records)
    except PromptopsError as error:
        report_error(error)
        return False
    return True


def _print(report: NightReport) -> None:
    for one in report.outcomes:
        suite, result = one.suite, one.result
        state = paint(result.state, _COLOURS[result.state])
        emit(f"{suite.prompt}@{suite.change.version} with {one_line(result.model)}: {state}")
        for line in _describe(one):
            emit(f"  {one_line(line)}")
        if one.alarms or one.faults:
            from promptops.evals.nightly.alarm import list_commands

            for command in list_commands(report, one):
                emit(f"  next: {command}")
    for path, reason in report.left_out:
        emit(f"{path}: {paint('could not judge', 'yellow')}")
        emit(f"  {one_line(reason)}")
    if report.result.stopped:
        warn(f"it ended early: {report.result.stopped}")


def _describe(one: NightOutcome) -> list[str]:
    from promptops.evals.verdict import describe

    result = one.result
    served = f", served by {', '.join(result.served)}" if result.served else ""
    lines = [f"{result.passed} of {result.samples} samples pass{served}"]
    verdict = one.outcome.verdict
    if one.reference is None:
        lines.append("the first night of this version and suite: nothing to compare with")
    elif verdict is not None:
        lines.append(f"compared with the night of {one.reference}: {describe(verdict)}")
    lines += [f"ALARM {alarm.text}" for alarm in one.alarms if alarm.text not in lines]
    lines += [f"could not be judged: {fault}" for fault in one.faults]
    lines += list(one.notes)
    if one.example is not None and (one.alarms or one.faults):
        lines.append(f"first example: {one.example[0]}: {one.example[1]}")
    return lines


def _to_json(report: NightReport, history: NightHistory) -> dict[str, Any]:
    from promptops.evals.nightly.record import night_to_json
    from promptops.evals.records import outcome_to_json

    return {
        "environment": report.environment,
        "night": report.night,
        "exit": int(report.exit),
        "stopped": report.result.stopped,
        "suites": [
            {
                **outcome_to_json(one.outcome),
                "prompt": one.suite.prompt,
                "version": one.suite.change.version,
                "state": one.result.state,
                "reference": one.reference,
                "alarms": [{"kind": alarm.kind, "text": alarm.text} for alarm in one.alarms],
                "faults": list(one.faults),
                "notes": list(one.notes),
                "example": one.example and {"sample": one.example[0], "why": one.example[1]},
            }
            for one in report.outcomes
        ],
        "left_out": [{"suite": path, "why": why} for path, why in report.left_out],
        "records": [night_to_json(one) for one in report.records],
        "damaged": list(history.damaged),
        "cost_micros": report.result.cost_micros,
    }


def _send_alerts(report: NightReport) -> bool:
    """Send the night's alerts; return False if one was not accepted by its channels."""
    from promptops.cli.runs.telling import tell
    from promptops.evals.nightly.alarm import list_alerts

    alerts = list_alerts(report, time.time())
    channels = runtime_config().alerts.channels
    if alerts and not any("nightly" in one.kinds for one in channels):
        warn(
            "no alert is sent: no channel in [alerts] has the kind nightly",
            hint='write "nightly" to the kinds of a channel, such as [alerts.slack]',
        )
        return True
    return not alerts or tell(alerts)


def _write_page(page: Path, report: NightReport, history: NightHistory) -> None:
    from promptops.evals.nightly.trends import list_trends
    from promptops.evals.report.html import to_html
    from promptops.repository.writing import write_atomically

    outcomes = [_with_alarms(one) for one in report.outcomes]
    trends = list_trends([*history.records, *report.records])
    write_atomically(page, to_html(report.result, outcomes, report.exit, trends).encode())


def _with_alarms(one: NightOutcome) -> SuiteOutcome:
    """Return a suite's outcome for the report: exactly the alarms are blocking."""
    from dataclasses import replace

    from promptops.evals.result import ReasonKind, VerdictReason

    reasons = [
        reason
        if one.alarms or reason.gravity is not ReasonKind.BLOCKS
        else replace(reason, gravity=ReasonKind.NOTE)
        for reason in one.outcome.reasons
    ]
    known = {reason.text for reason in reasons}
    reasons += [
        VerdictReason(ReasonKind.BLOCKS, alarm.text)
        for alarm in one.alarms
        if alarm.text not in known
    ]
    reasons += [VerdictReason(ReasonKind.NOTE, note) for note in one.notes]
    return replace(one.outcome, reasons=tuple(reasons))
