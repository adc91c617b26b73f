"""`promptops runs stats`: statistics of runs: cost, latency and errors."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.runs.opening import (
    EnvOption,
    EvalsOption,
    ModelOption,
    PromptArgument,
    SinceOption,
    StatusOption,
    TenantOption,
    UntilOption,
    UserOption,
    make_filters,
    open_run_log,
)
from promptops.cli.runs.view import describe_counts, draw, format_cost, format_span, to_csv
from promptops.cli.session import (
    emit,
    emit_json,
    emit_table,
    is_terminal,
    json_document,
    one_line,
    say,
)
from promptops.errors import UsageError, count_of
from promptops.runtime.log.documents import format_instant, group_to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.log.log import Filters, RunLog
    from promptops.runtime.log.statistics import RunGroup

# The number of days in a sparkline.
_MAX_BARS = 30


class StatsFormat(StrEnum):
    """The formats of statistics."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def stats(
    prompt: PromptArgument = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="prompt, version, model, environment, user, tenant or day; may be repeated.",
            show_default=False,
        ),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="Compare two versions that share the traffic.",
            show_default=False,
        ),
    ] = None,
    drift: Annotated[
        bool,
        typer.Option("--drift", help="Compare the last day with the seven days before."),
    ] = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="With --drift: send alerts through [alerts].")
    ] = False,
    embedding: Annotated[
        str | None,
        typer.Option(
            "--embedding",
            metavar="MODEL",
            help="With --drift: also compare the meaning of answers, with this embedding model.",
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    environment: EnvOption = None,
    model: ModelOption = None,
    user: UserOption = None,
    tenant: TenantOption = None,
    status: StatusOption = None,
    evals: EvalsOption = False,
    output: Annotated[
        StatsFormat,
        typer.Option("--format", help="text, json, or csv for spreadsheets.", show_default=True),
    ] = StatsFormat.TEXT,
) -> None:
    """Count runs: cost, errors by stage, and latency (median and 95th percentile).

    Percentiles over many hours are estimates within 5 %, marked with ~. Runs without a known price
    are counted, but not in the cost. On a terminal, bars show the runs of the last days.

    Evals, replays and drills are counted only with --evals or --env eval.

    --compare compares two versions: feedback, errors, cost and latency, each with a 95 % interval.
    Runs of the same key or user are grouped.

    --drift compares inputs and answers of recent runs with earlier ones, and errors, latency and
    cost of the last hour with the same hour of earlier days.
    """
    if (alert or embedding) and not drift:
        word = "--alert" if alert else "--embedding"
        raise UsageError(f"{word} needs --drift", hint="add --drift")
    if drift and (by or compare or output is StatsFormat.CSV):
        raise UsageError(
            "--drift cannot be combined with --by, --compare or CSV",
            hint="use --drift alone or with --format json",
        )
    filters = make_filters(
        prompt,
        since=since,
        until=until,
        environment=environment,
        model=model,
        user=user,
        tenant=tenant,
        status=status,
        evals=evals,
    )
    with open_run_log() as log:
        if drift:
            from promptops.cli.runs.drift import show_drift

            show_drift(
                log,
                filters,
                tells=alert,
                as_json=output is StatsFormat.JSON,
                embedding=embedding,
            )
            return
        if compare is not None:
            from promptops.cli.runs.versions import check_comparison, show_comparison

            check_comparison(filters, compare, by)
            show_comparison(log.compare(*compare, filters), compare, output.value)
            return
        names = _split(by)
        groups = log.stats(filters, by=names)
        if output is StatsFormat.JSON:
            rows = [group_to_json(group) for group in groups]
            emit_json(
                json_document(
                    "promptops.stats/v1",
                    since=format_instant(filters.since),
                    until=format_instant(filters.until),
                    by=names,
                    groups=rows,
                )
            )
        elif output is StatsFormat.CSV:
            _print_csv(groups, names)
        else:
            _print_table(log, filters, groups, names)
    if not groups and output is StatsFormat.TEXT:
        say("there are no such runs")


def _split(by: list[str] | None) -> list[str]:
    """Return the dimensions of `--by`, which may be comma-separated; `prompt` by default."""
    names = [name for one in by or ["prompt"] for name in one.split(",") if name]
    return list(dict.fromkeys(names))


def _print_csv(groups: Sequence[RunGroup], names: list[str]) -> None:
    columns = (
        *("runs", "succeeded", "refused", "failed", "interrupted", "errors", "cost_micros"),
        *("unpriced", "input_tokens", "output_tokens", "cached", "p50_ms", "p95_ms", "exact"),
        "stages",
    )
    rows = []
    for group in groups:
        flat = {**group_to_json(group), **dict.fromkeys(columns[1:5], 0), **group.statuses}
        flat["stages"] = describe_counts(group.stages)
        rows.append([*(group.by[name] for name in names), *(flat[name] for name in columns)])
    for line in to_csv([*names, *columns], rows):
        emit(line)


def _print_table(
    log: RunLog, filters: Filters, groups: Sequence[RunGroup], names: list[str]
) -> None:
    trends = _trends(log, filters, names) if is_terminal(sys.stdout) else {}
    header = (
        *(name.upper() for name in names),
        *("RUNS", "COST", "P50", "P95", "ERRORS", "REFUSED"),
        *(("TREND",) if trends else ()),
    )
    rows = [
        (
            *(one_line(group.by[name] or "-") for name in names),
            str(group.runs),
            _describe_cost(group),
            _about(group.p50_ms, group),
            _about(group.p95_ms, group),
            _describe_errors(group),
            str(group.statuses.get("refused", 0)),
            *((trends.get(tuple(group.by.values()), ""),) if trends else ()),
        )
        for group in groups
    ]
    spare = [name for name in ("TREND", "P50", "P95") if name in header]
    emit_table(rows, header=header, spare=spare)
    if len(groups) > 1:
        total = sum(group.runs for group in groups)
        cost = sum(group.cost_micros for group in groups)
        say(f"{count_of(total, 'run')}, {format_cost(cost)}")


def _describe_cost(group: RunGroup) -> str:
    if group.unpriced:
        return f"{format_cost(group.cost_micros)} + {group.unpriced} unknown"
    return format_cost(group.cost_micros)


def _about(ms: float | None, group: RunGroup) -> str:
    return f"{'' if group.is_exact or ms is None else '~'}{format_span(ms)}"


def _describe_errors(group: RunGroup) -> str:
    if not group.errors:
        return "0"
    share = 100 * group.errors / group.runs
    # Refusals have stages too, but are counted in their own column.
    refused = min(group.statuses.get("refused", 0), group.stages.get("guard", 0))
    found = {**group.stages, "guard": group.stages.get("guard", 0) - refused}
    found = {stage: count for stage, count in found.items() if count}
    stages = describe_counts(found) if sum(found.values()) <= group.errors else ""
    return f"{group.errors} ({share:.1f} %){f': {stages}' if stages else ''}"


def _trends(log: RunLog, filters: Filters, names: list[str]) -> dict[tuple[Any, ...], str]:
    """Return a sparkline for each group: runs per day, up to the end of the period."""
    if "day" in names:
        return {}
    end = time.time() if filters.until is None else filters.until
    last = datetime.fromtimestamp(end, UTC).date()
    days = [str(last - timedelta(days=back)) for back in range(_MAX_BARS - 1, -1, -1)]
    counts: dict[tuple[Any, ...], dict[str, int]] = {}
    for group in log.stats(filters, by=[*names, "day"]):
        *key, day = (group.by[name] for name in (*names, "day"))
        counts.setdefault(tuple(key), {})[str(day)] = group.runs
    first = min((day for found in counts.values() for day in found), default=days[-1])
    shown = [day for day in days if day >= first]
    return {key: draw([found.get(day, 0) for day in shown]) for key, found in counts.items()}
