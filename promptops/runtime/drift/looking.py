"""Read runs for drift detection from the run log, and send alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.repository.config import EVAL_ENVIRONMENT
from promptops.runtime.alerts.alert import Alert
from promptops.runtime.drift.report import find_drift
from promptops.runtime.log.log import Filters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.runtime.drift.report import Drift
    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.statistics import RunGroup
    from promptops.runtime.telemetry.counters import Key

SAMPLE = 400
_HOUR = 3600
_DAY = 86_400
_DAYS = 14
_ALERT_SECONDS = 6 * _HOUR


def look_for_drift(
    log: RunLog,
    now: float,
    *,
    filters: Filters = Filters(),  # noqa: B008 - a constant
    recent_seconds: float | None = None,
    reference_seconds: float = 7 * _DAY,
    sample: int = SAMPLE,
    embed: Callable[[list[str]], list[list[float]]] | None = None,
) -> list[Drift]:
    """Compare the recent runs of each prompt with earlier ones.

    Args:
        log: the run log.
        now: the end of the recent window, in seconds since 1970.
        filters: the filter of runs; its times are ignored.
        recent_seconds: the length of the recent window; None: a day.
        reference_seconds: the length of the reference window before it.
        sample: the number of runs with different keys read from each window.
        embed: returns a vector for each text; None: do not compare meanings.
    """
    if filters.environment is None:
        filters = filters._replace(evals=False)
    since = now - (_DAY if recent_seconds is None else recent_seconds)
    recent = filters._replace(since=since, until=now)
    groups = log.stats(recent, by=["prompt"])
    # Runs whose prompt was not found have no prompt.
    prompts = [name for group in groups if group.runs and (name := group.by["prompt"])]
    found = []
    for name in sorted(prompts):
        mine = filters._replace(prompt=name)
        new = log.sample(
            mine._replace(since=since, until=now),
            limit=sample,
            without_environment=EVAL_ENVIRONMENT,
        )
        old = log.sample(
            mine._replace(since=since - reference_seconds, until=since),
            limit=sample,
            without_environment=EVAL_ENVIRONMENT,
        )
        found.append(find_drift(name, new, old, _read_hours(log, mine, now), embed))
    return found


def _read_hours(log: RunLog, filters: Filters, now: float) -> list[RunGroup]:
    """Return the last whole hour, and the same hour of earlier days."""
    end = now // _HOUR * _HOUR
    hours: list[RunGroup] = []
    for day in range(_DAYS + 1):
        until = end - day * _DAY
        groups = log.stats(filters._replace(since=until - _HOUR, until=until), by=["prompt"])
        hours += groups[:1]
        if not groups and not day:
            return []
    return hours


def describe_drift(drift: Drift, now: float) -> Alert:
    """Return the alert for a prompt whose runs drifted."""
    first = drift.alarms[0]
    version = f"@{drift.versions[0]}" if drift.versions else ""
    lines = [f"{one.measure}: {one.recent}, was {one.reference}" for one in drift.alarms[:5]]
    example = next((one.run_id for one in drift.alarms if one.run_id), None)
    if example is not None:
        lines.append(f"first example: promptops runs show {example}")
    lines.append(f"next: promptops runs stats {drift.prompt} --drift")
    return Alert(
        "drift",
        f"{drift.prompt}{version} drifts: {first.measure}",
        "\n".join(lines),
        f"drift/{drift.prompt}/{','.join(sorted(one.measure for one in drift.alarms))}",
        now + _ALERT_SECONDS,
        "warning",
    )


def list_gauges(drifts: Sequence[Drift]) -> dict[Key, float]:
    """Return the metrics of the comparisons."""
    gauges: dict[Key, float] = {}
    for drift in drifts:
        version = drift.versions[0] if drift.versions else ""
        for one in drift.shifts:
            labels = (("prompt", drift.prompt), ("version", version), ("measure", one.measure))
            gauges["promptops_drift_effect", labels, ""] = one.effect
            gauges["promptops_drift_alarm", labels, ""] = float(one.is_alarm)
    return gauges
