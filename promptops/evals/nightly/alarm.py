"""Make a night's alerts for the engineer on call: one for each suite and model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.evals.nightly.record import BLOCKED, WORSE
from promptops.runtime.alerts.alert import Alert

if TYPE_CHECKING:
    from promptops.evals.nightly.running import NightOutcome, NightReport

_ALERT_SECONDS = 20 * 3600
_MAX_FAULTS = 3


def list_alerts(report: NightReport, now: float) -> list[Alert]:
    """Return a night's alerts: for alarms, and for suites that could not be judged."""
    alerts = [_describe(report, one, now) for one in report.outcomes if one.alarms or one.faults]
    return alerts + [
        _make(report, f"{path} was not run", [reason], f"left-out/{path}", now)
        for path, reason in report.left_out
    ]


def _describe(report: NightReport, one: NightOutcome, now: float) -> Alert:
    suite, model = one.suite, one.result.model
    name = f"{suite.prompt}@{suite.change.version}"
    lines = [alarm.text for alarm in one.alarms]
    lines += [f"could not be judged: {fault}" for fault in one.faults[:_MAX_FAULTS]]
    if one.example is not None:
        lines.append(f"first example: {one.example[0]}: {one.example[1]}")
    lines += [f"next: {command}" for command in list_commands(report, one)]
    kinds = ",".join(one.result.alarms) or "faults"
    if not one.alarms:
        title = f"{name} could not be judged in {report.environment} tonight ({model})"
    elif {WORSE, BLOCKED} & set(one.result.alarms):
        title = f"{name} is worse in {report.environment} than on earlier nights ({model})"
    else:
        title = f"the provider of {model} changed under {name} in {report.environment}"
    is_bad = bool({WORSE, BLOCKED} & set(one.result.alarms))
    key = f"{suite.path}/{suite.change.version}/{model}/{kinds}"
    return _make(report, title, lines, key, now, is_bad=is_bad)


def list_commands(report: NightReport, outcome: NightOutcome) -> list[str]:
    """Return the next commands for an engineer, in order."""
    name, environment = outcome.suite.prompt, report.environment
    if not outcome.alarms:
        return [f"promptops eval nightly {name} --env {environment}"]
    commands = [f"promptops eval trends {name} --env {environment}"]
    commands.append(f"promptops runs replay {name} --at {environment} --since 1d")
    if {WORSE, BLOCKED} & set(outcome.result.alarms):
        commands.append(f"promptops rollback {name} --env {environment} --reason TEXT")
    else:
        commands.append(f"promptops eval nightly {name} --env {environment} --accept")
    return commands


def _make(
    report: NightReport,
    title: str,
    lines: list[str],
    key: str,
    now: float,
    *,
    is_bad: bool = False,
) -> Alert:
    return Alert(
        "nightly",
        title,
        "\n".join(lines),
        f"nightly/{report.environment}/{report.night}/{key}",
        now + _ALERT_SECONDS,
        "error" if is_bad else "warning",
    )
