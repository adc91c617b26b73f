"""`promptops runs stats --drift`: compare recent runs with earlier ones."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from promptops.cli.session import (
    current,
    emit,
    emit_json,
    emit_table,
    json_document,
    one_line,
    runtime_config,
    runtime_folders,
    say,
)
from promptops.errors import NotARepositoryError, count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.runtime.drift.report import Drift, Shift
    from promptops.runtime.log.log import Filters, RunLog

_EMBED_SECONDS = 120.0


def show_drift(
    log: RunLog, filters: Filters, *, tells: bool, as_json: bool, embedding: str | None = None
) -> None:
    """Print drift, write it to the metrics, and send alerts if requested.

    Args:
        log: the log.
        filters: the runs; `since` is the start of the recent window, `until` its end.
        tells: whether to send alerts through [alerts].
        as_json: whether to print JSON.
        embedding: the model for comparing meanings; None: do not compare them.
    """
    from promptops.runtime.drift.looking import look_for_drift

    now = time.time() if filters.until is None else filters.until
    recent = None if filters.since is None else now - filters.since
    wanted = filters._replace(since=None, until=None)
    found = look_for_drift(
        log, now, filters=wanted, recent_seconds=recent, embed=_open_embed(embedding)
    )
    _write_gauges(found)
    alarming = [one for one in found if one.alarms]
    if tells and alarming:
        from promptops.cli.runs.telling import tell
        from promptops.runtime.drift.looking import describe_drift

        tell([describe_drift(one, time.time()) for one in alarming])
    if as_json:
        emit_json(json_document("promptops.drift/v1", prompts=[_to_json(one) for one in found]))
        return
    for one in found:
        _print(one)
    if not found:
        say("there are no such runs")


def _open_embed(name: str | None) -> Callable[[list[str]], list[list[float]]] | None:
    if name is None:
        return None
    from promptops.runtime.models.embedding import Embedder

    top = None
    with suppress(NotARepositoryError):
        top = current().repository.git.work_tree
    embedder = Embedder(name, runtime_config().models, os.environ, top)
    return lambda texts: embedder.embed(texts, deadline=time.monotonic() + _EMBED_SECONDS)


def _print(drift: Drift) -> None:
    versions = ", ".join(drift.versions) or "-"
    emit(
        f"{drift.prompt} ({versions}): {count_of(drift.recent, 'recent run')}"
        f" compared with {count_of(drift.reference, 'earlier one')};"
        f" {count_of(len(drift.shifts), 'measure')}"
    )
    if not drift.shifts:
        say("  too few runs to compare; 30 with different keys are needed on each side")
        return
    rows: list[tuple[str, ...]] = [
        (
            "DRIFTS" if one.is_alarm else "",
            one.measure,
            one_line(one.recent),
            one_line(one.reference),
            f"{one.p:.2g}",
            one.run_id or "",
        )
        for one in drift.shifts
        if one.is_alarm or one.p < 0.05
    ]
    if rows:
        emit_table(rows, header=("", "MEASURE", "RECENT", "BEFORE", "CHANCE", "FIRST EXAMPLE"))
    if drift.alarms:
        example = next((one.run_id for one in drift.alarms if one.run_id), None)
        if example is not None:
            say(f"to see it: promptops runs show {example}")
    else:
        emit("  nothing drifts")


def _to_json(drift: Drift) -> dict[str, Any]:
    def shift(one: Shift) -> dict[str, Any]:
        return {
            "measure": one.measure,
            "recent": one.recent,
            "reference": one.reference,
            "effect": one.effect,
            "p": one.p,
            "alarm": one.is_alarm,
            "run": one.run_id,
        }

    return {
        "prompt": drift.prompt,
        "versions": list(drift.versions),
        "recent": drift.recent,
        "reference": drift.reference,
        "measures": [shift(one) for one in drift.shifts],
    }


def _write_gauges(found: Sequence[Drift]) -> None:
    config = runtime_config()
    if not config.telemetry.prometheus:
        return
    from promptops.runtime.drift.looking import list_gauges
    from promptops.runtime.telemetry.counters import write_gauges
    from promptops.runtime.telemetry.opening import find_counts

    common, top = runtime_folders()
    folder = find_counts(config.telemetry, config.log, os.environ, common_dir=common, top=top)
    write_gauges(folder, list_gauges(found))
