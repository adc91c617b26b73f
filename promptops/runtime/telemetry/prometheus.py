"""Count runs of all processes on a machine, and format the counts for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from promptops.runtime.telemetry.counters import Counters, read_all, read_gauges, tidy
from promptops.runtime.telemetry.names import SECONDS_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from promptops.runtime.log.record import AttemptRecord, RunRecord
    from promptops.runtime.telemetry.counters import Key

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]


class _Metric(NamedTuple):
    """The kind and description of a metric."""

    kind: str
    help: str


METRICS = {
    "promptops_runs_total": _Metric("counter", "Runs that ended."),
    "promptops_run_errors_total": _Metric("counter", "Runs that ended with an error, by stage."),
    "promptops_run_seconds": _Metric("histogram", "Duration of runs."),
    "promptops_runs_cached_total": _Metric("counter", "Runs answered from the cache."),
    "promptops_runs_degraded_total": _Metric(
        "counter", "Runs answered by a fallback or a fixed reply."
    ),
    "promptops_attempts_total": _Metric("counter", "Requests to models, by HTTP status or error."),
    "promptops_attempt_seconds": _Metric("histogram", "Duration of requests to models."),
    "promptops_first_part_seconds": _Metric("histogram", "Time to the first part of a stream."),
    "promptops_tokens_total": _Metric("counter", "Tokens of requests and answers."),
    "promptops_cost_dollars_total": _Metric("counter", "Cost of runs, where known."),
    "promptops_cost_unknown_total": _Metric("counter", "Runs with an unknown cost."),
    "promptops_drift_effect": _Metric(
        "gauge", "Distance of recent runs from earlier ones, at the last check."
    ),
    "promptops_drift_alarm": _Metric("gauge", "1 if a drift needs attention."),
    "promptops_events_total": _Metric("counter", "Alerts and other events, by kind."),
}
_SUM = "sum"


class _Amounts:
    """The amounts that one run adds to the counters."""

    def __init__(self) -> None:
        self.amounts: dict[Key, float] = {}

    def add(self, name: str, labels: Labels, amount: float = 1.0, part: str = "") -> None:
        """Add to a counter, or to a part of a histogram."""
        key = (name, labels, part)
        self.amounts[key] = self.amounts.get(key, 0.0) + amount

    def observe(self, name: str, labels: Labels, ms: float | None) -> None:
        """Add a duration in milliseconds to a histogram of seconds."""
        if ms is not None:
            seconds = ms / 1000
            self.add(name, labels, part=str(bisect_left(SECONDS_BOUNDS, seconds)))
            self.add(name, labels, seconds, _SUM)

    def count_run(self, run: RunRecord) -> None:
        """Count a run."""
        place = (*_prompt(run), ("environment", run.environment or ""))
        self.add("promptops_runs_total", (*place, ("status", run.status)))
        if run.stage is not None:
            kind = (("stage", run.stage), ("kind", run.error_kind or ""))
            self.add("promptops_run_errors_total", (*place, *kind))
        self.observe("promptops_run_seconds", place, run.ms)
        if run.is_cached:
            self.add("promptops_runs_cached_total", place)
        if run.is_degraded:
            self.add("promptops_runs_degraded_total", place)

    def count_attempt(self, run: RunRecord, attempt: AttemptRecord) -> None:
        """Count one request of a run."""
        prompt, model = _prompt(run), (("model", attempt.model),)
        status = attempt.error_kind if attempt.status is None else str(attempt.status)
        self.add("promptops_attempts_total", (*model, ("status", status or "")))
        self.observe("promptops_attempt_seconds", model, attempt.ms)
        self.observe("promptops_first_part_seconds", model, attempt.first_ms)
        for kind, count in (("input", attempt.input_tokens), ("output", attempt.output_tokens)):
            if count:
                self.add("promptops_tokens_total", (*prompt, *model, ("type", kind)), count)
        place = (*prompt, ("environment", run.environment or ""), *model)
        if attempt.cost_micros is None:
            self.add("promptops_cost_unknown_total", place)
        elif attempt.cost_micros:
            self.add("promptops_cost_dollars_total", place, attempt.cost_micros / 1_000_000)


def _prompt(run: RunRecord) -> Labels:
    return (("prompt", run.prompt or ""), ("version", run.version or ""))


class PrometheusObserver:
    """Counts runs."""

    def __init__(self, folder: Path) -> None:
        """Store the folder of this machine's counters."""
        self._counters = Counters(folder)

    def begin(self, run: RunRecord) -> object:
        """Do nothing: a run is counted when it ends."""

    def end(self, run: RunRecord, attempts: Sequence[AttemptRecord], begun: object) -> None:
        """Count a run and its attempts."""
        del begun
        amounts = _Amounts()
        amounts.count_run(run)
        for one in attempts:
            amounts.count_attempt(run, one)
        self._counters.add(amounts.amounts)

    def event(self, kind: str, detail: Mapping[str, object]) -> None:
        """Count an event."""
        del detail
        self._counters.add({("promptops_events_total", (("kind", kind),), ""): 1.0})

    def close(self) -> None:
        """Close the file."""
        self._counters.close()


def format_metrics(folder: Path) -> str:
    """Return the counts of all processes in a folder, in Prometheus' text format."""
    tidy(folder)
    found = {**read_all(folder), **read_gauges(folder)}
    by_name: dict[str, dict[Labels, dict[str, float]]] = {}
    for (name, labels, part), value in found.items():
        by_name.setdefault(name, {}).setdefault(labels, {})[part] = value
    lines: list[str] = []
    for name, metric in METRICS.items():
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
        for labels, parts in sorted(by_name.get(name, {}).items()):
            if metric.kind == "histogram":
                lines += _format_histogram(name, labels, parts)
            else:
                lines.append(f"{name}{_format_labels(labels)} {parts['']:.12g}")
    return "\n".join(lines) + "\n"


def _format_histogram(name: str, labels: Labels, parts: Mapping[str, float]) -> list[str]:
    lines, count = [], 0.0
    for number, bound in enumerate((*SECONDS_BOUNDS, float("inf"))):
        count += parts.get(str(number), 0.0)
        shown = "+Inf" if bound == float("inf") else f"{bound:g}"
        lines.append(f"{name}_bucket{_format_labels((*labels, ('le', shown)))} {count:.12g}")
    lines.append(f"{name}_sum{_format_labels(labels)} {parts.get(_SUM, 0.0):.12g}")
    lines.append(f"{name}_count{_format_labels(labels)} {count:.12g}")
    return lines


def _format_labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels) + "}"


def _escape(text: str) -> str:
    shown = text.encode("utf-8", "replace").decode()
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
