"""`promptops runs list`: list runs, the newest first."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.runs.opening import (
    EnvOption,
    EvalsOption,
    ModelOption,
    ParentOption,
    PromptArgument,
    SinceOption,
    StageOption,
    StatusOption,
    TenantOption,
    UntilOption,
    UserOption,
    make_filters,
    open_run_log,
)
from promptops.cli.runs.view import HEADER, SPARE, run_row, shorten
from promptops.cli.session import Format, FormatOption, emit_json, emit_table, json_document, say
from promptops.runtime.log.documents import run_to_json


def list_runs(
    prompt: PromptArgument = None,
    since: SinceOption = None,
    until: UntilOption = None,
    environment: EnvOption = None,
    model: ModelOption = None,
    user: UserOption = None,
    tenant: TenantOption = None,
    status: StatusOption = None,
    stage: StageOption = None,
    parent: ParentOption = None,
    evals: EvalsOption = False,
    limit: Annotated[
        int,
        typer.Option(
            "-n", "--limit", metavar="N", min=1, max=10_000, help="Maximum number of rows."
        ),
    ] = 20,
    before: Annotated[
        str | None,
        typer.Option(
            "--before", metavar="RUN", help="Only runs older than this run, for the next page."
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List runs, newest first. `runs show` prints the content of a run.

    Runs of evals, replays and drills are listed with --evals, or with --env eval.

    JSON output contains everything except the content; `runs export` writes that.
    """
    filters = make_filters(
        prompt,
        since=since,
        until=until,
        environment=environment,
        model=model,
        user=user,
        tenant=tenant,
        status=status,
        stage=stage,
        parent=parent,
        evals=evals,
    )
    with open_run_log() as log:
        found = list(log.list(filters, limit=limit + 1, before=before))
    runs, is_more = found[:limit], len(found) > limit
    if output is Format.JSON:
        rows = [run_to_json(run, with_content=False) for run in runs]
        emit_json(json_document("promptops.runs/v1", runs=rows, more=is_more))
        return
    short = shorten([run.id for run in runs])
    emit_table([run_row(run, short[run.id]) for run in runs], header=HEADER, spare=SPARE)
    if not runs:
        say("there are no such runs")
    elif is_more:
        say(f"there are more: --before {runs[-1].id}, or -n")
