"""`promptops eval trends`: show the results of nightly evals over time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.runs.view import draw
from promptops.cli.session import (
    Format,
    FormatOption,
    OfflineOption,
    current,
    emit,
    emit_json,
    emit_table,
    json_document,
    one_line,
    say,
    warn,
)
from promptops.errors import NotFoundError, RemoteError

if TYPE_CHECKING:
    from promptops.evals.nightly.trends import Trend, TrendNight

_HEADER = ("NIGHT", "VERSION", "PASS", "SAMPLES", "P50", "STATE", "SERVED")


def trends(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Prompts or suite files; by default all."),
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--env", metavar="ENV", help="Only this environment.")
    ] = None,
    nights: Annotated[
        int, typer.Option("--nights", metavar="N", min=1, max=400, help="How many nights to show.")
    ] = 30,
    offline: OfflineOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show the results of `promptops eval nightly` over time, one bar per night.

    With names, each night is one line. The share is that of passed trials. A gap is a night that is
    missing or could not be decided.
    """
    from promptops.delivery.refresh import read_limits
    from promptops.evals.nightly.branch import HistoryBranch
    from promptops.evals.nightly.trends import list_trends

    repository = current().repository
    if environment is not None:
        repository.config.environment(environment)
    branch = HistoryBranch(repository)
    if not offline:
        try:
            branch.refresh(read_limits())
        except RemoteError as error:
            warn(f"results are as of the last fetch: {one_line(error.message)}")
    history = branch.read(None if environment is None else [environment], newest=nights)
    for fault in history.damaged:
        warn(fault)
    found = [
        one._replace(nights=one.nights[-nights:])
        for one in list_trends(history.records, names or ())
    ]
    if names and not found:
        raise NotFoundError(
            f"there are no nightly results of {', '.join(names)}",
            hint=f"promptops eval nightly {names[0]}",
        )
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.eval-trends/v1",
                as_of=int(time.time()),
                trends=[_to_json(one) for one in found],
                damaged=list(history.damaged),
            )
        )
        return
    if not found:
        say("there are no nightly results yet: run promptops eval nightly")
        return
    _print_all(found, nights)
    for one in found if names else ():
        _print_nights(one)


def _print_all(found: list[Trend], nights: int) -> None:
    rows: list[tuple[str, ...]] = [
        (
            one_line(one.last.record.prompt),
            one.environment,
            one_line(one.model),
            one_line(one.last.record.version),
            _percent(one.last),
            one.last.result.state,
            one.last.record.night,
            draw([share or 0 for share in one.percents(nights)]),
        )
        for one in found
    ]
    header = ("PROMPT", "ENV", "MODEL", "VERSION", "PASS", "STATE", "LAST NIGHT", "TREND")
    emit_table(rows, header=header)


def _print_nights(trend: Trend) -> None:
    emit("")
    emit(f"{one_line(trend.suite)} with {one_line(trend.model)} in {trend.environment}")
    rows: list[tuple[str, ...]] = []
    for night in reversed(trend.nights):
        result = night.result
        alarms = f" ({', '.join(result.alarms)})" if result.alarms else ""
        rows.append(
            (
                night.record.night,
                one_line(night.record.version),
                _percent(night),
                f"{result.passed}/{result.samples}",
                "-" if result.p50_ms is None else f"{result.p50_ms} ms",
                f"{result.state}{alarms}{', accepted' if night.record.is_accepted else ''}",
                one_line(", ".join(result.served) or "-"),
            )
        )
    emit_table(rows, header=_HEADER)


def _percent(night: TrendNight) -> str:
    share = night.result.share
    return "-" if share is None else f"{share:.1%}"


def _to_json(trend: Trend) -> dict[str, Any]:
    return {
        "environment": trend.environment,
        "prompt": trend.last.record.prompt,
        "suite": trend.suite,
        "model": trend.model,
        "nights": [
            {
                "night": record.night,
                "at": record.at,
                "version": record.version,
                "digest": record.digest,
                "state": result.state,
                "share": result.share,
                "passed": result.passed,
                "samples": result.samples,
                "trials": result.trials,
                "errors": result.errors,
                "p50_ms": result.p50_ms,
                "cost_micros": record.cost_micros,
                "served": list(result.served),
                "fingerprints": list(result.fingerprints),
                "alarms": list(result.alarms),
                "accepted": record.is_accepted,
            }
            for record, result in trend.nights
        ],
    }
