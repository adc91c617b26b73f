"""`promptops runs tail`: print runs as they end."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.runs.opening import (
    EnvOption,
    EvalsOption,
    ModelOption,
    PromptArgument,
    StatusOption,
    TenantOption,
    UserOption,
    make_filters,
    open_run_log,
)
from promptops.cli.runs.view import (
    describe_prompt,
    describe_status,
    format_cost,
    format_second,
    format_span,
)
from promptops.cli.session import emit, json_document, one_line
from promptops.errors import NotFoundError
from promptops.runtime.log.documents import run_to_json

if TYPE_CHECKING:
    from promptops.runtime.log.log import Filters, RunLog
    from promptops.runtime.log.record import RunRecord

_INTERVAL_SECONDS = 0.5
# With more unfinished runs than this, the oldest are printed before they end.
_MAX_WAITING = 1000
_UNENDED = ("running", "waiting")


class TailFormat(StrEnum):
    """The formats of a stream of runs."""

    TEXT = "text"
    JSON = "json"


def tail(
    prompt: PromptArgument = None,
    environment: EnvOption = None,
    model: ModelOption = None,
    user: UserOption = None,
    tenant: TenantOption = None,
    status: StatusOption = None,
    evals: EvalsOption = False,
    count: Annotated[
        int,
        typer.Option(
            "-n",
            "--lines",
            metavar="N",
            min=0,
            max=10_000,
            help="Number of past runs to print first.",
        ),
    ] = 10,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Wait for more runs, until Ctrl-C.")
    ] = True,
    output: Annotated[
        TailFormat,
        typer.Option(
            "--format", help="Output format; json: one document per line.", show_default=True
        ),
    ] = TailFormat.TEXT,
) -> None:
    """Print the last runs, oldest first, then each run as it ends."""
    wanted = make_filters(
        prompt,
        environment=environment,
        model=model,
        user=user,
        tenant=tenant,
        status=status,
        evals=evals,
    )
    # A new run has no result yet, so its status is filtered when it has ended.
    begun = make_filters(
        prompt, environment=environment, model=model, user=user, tenant=tenant, evals=evals
    )
    with open_run_log() as log:
        place = log.tail(begun)[1]
        waiting = []
        for run in reversed(log.list(wanted, limit=count) if count else []):
            if run.status in _UNENDED and follow:
                waiting.append(run.id)
            else:
                _print(run, output)
        while follow:
            time.sleep(_INTERVAL_SECONDS)
            place, waiting = _step(log, begun, status, place, waiting, output)


def _step(
    log: RunLog,
    begun: Filters,
    status: str | None,
    place: int,
    waiting: list[str],
    output: TailFormat,
) -> tuple[int, list[str]]:
    """Print ended runs; return the position in the log and the unfinished runs."""
    fresh, place = log.tail(begun, after=place)
    still = []
    for one in [*waiting, *(run.id for run in fresh)]:
        try:
            run = log.get(one).run
        except NotFoundError:  # erased meanwhile
            continue
        if run.status in _UNENDED and run.status != status:
            still.append(one)
        elif status is None or run.status == status:
            _print(run, output)
    return place, still[-_MAX_WAITING:]


def _print(run: RunRecord, output: TailFormat) -> None:
    import sys

    if output is TailFormat.JSON:
        document = json_document("promptops.run/v1", **run_to_json(run, with_content=False))
        emit(json.dumps(document, ensure_ascii=False))
    else:
        emit(
            "  ".join(
                (
                    run.id,
                    format_second(run.started_at),
                    describe_prompt(run),
                    one_line(run.model or "-"),
                    format_span(run.ms),
                    format_cost(run.cost_micros),
                    describe_status(run),
                )
            )
        )
    sys.stdout.flush()
