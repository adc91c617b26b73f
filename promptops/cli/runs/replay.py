"""`promptops runs replay`: run recorded inputs with another version, and compare."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.runs.opening import (
    EnvOption,
    SinceOption,
    StatusOption,
    UntilOption,
    UserOption,
    make_filters,
    open_run_log,
)
from promptops.cli.session import (
    current,
    emit,
    emit_json,
    say,
    warn,
)
from promptops.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from promptops.runtime.log.record import RunRecord

_MICROS = 1_000_000
_DEFAULT_LAST = 100


class ReplayFormat(StrEnum):
    """The formats of a comparison."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def replay(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|NAME[@VERSION|@ENV]]",
            help="A run id, or a prompt whose runs are replayed.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="SELECTOR",
            help="The version to run now, as in NAME@SELECTOR.",
            show_default=True,
        ),
    ] = "working",
    last: Annotated[
        int | None,
        typer.Option(
            "--last", metavar="N", min=1, max=10_000, help="Replay the newest N; by default 100."
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    environment: EnvOption = None,
    user: UserOption = None,
    status: StatusOption = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Use this model instead.")
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="USD", min=0, help="The maximum total cost."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Number of parallel runs.")
    ] = 4,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    output: Annotated[
        ReplayFormat,
        typer.Option("--format", help="Output format.", show_default=True),
    ] = ReplayFormat.TEXT,
) -> None:
    """Run recorded inputs again with another version, and show both answers side by side.

    Replays are recorded and limited in the environment `eval` and do not count as traffic. Exit
    code 1: a run that succeeded before fails now.
    """
    from promptops.cli.runs.comparing import to_markdown, to_text
    from promptops.cli.session import confirm
    from promptops.runtime.registry import open_registry
    from promptops.runtime.replay import describe_replays
    from promptops.runtime.replay import replay as replay_runs

    runs = _choose(
        target,
        last or _DEFAULT_LAST,
        since=since,
        until=until,
        environment=environment,
        user=user,
        status=status,
    )
    redacted = sum(run.is_redacted for run in runs)
    if redacted:
        warn(
            f"the inputs of {redacted} of {len(runs)} runs were redacted when they were logged",
            hint="their answers may differ for this reason alone",
        )
    what = "run" if len(runs) == 1 else "runs"
    confirm(f"replay {len(runs)} {what} at {at}, with calls to models?", yes=yes)
    cap = None if max_cost is None else round(max_cost * _MICROS)
    with open_registry(current().directory) as registry:
        done = list(replay_runs(registry, runs, at, model=model, cap=cap, workers=workers))
    if output is ReplayFormat.JSON:
        emit_json(describe_replays(done, at))
    elif output is ReplayFormat.MARKDOWN:
        emit("\n".join(to_markdown(done, at)))
    else:
        emit("\n".join(to_text(done, at)))
    if any(one.is_worse for one in done):
        raise typer.Exit(1)


def _choose(target: str | None, last: int, **options: str | None) -> list[RunRecord]:
    from promptops.runtime.replay import choose_runs

    with open_run_log() as log:
        if target is not None and _is_id(target):
            if any(options.values()):
                raise UsageError(
                    "a run id cannot be combined with filters", hint="give one or the other"
                )
            run = log.get(target).run
            if run.prompt is None or run.inputs is None:
                raise NotFoundError(
                    f"the inputs of run {run.id} were not kept",
                    hint="[log] content = 'none' keeps no inputs, and a run without a prompt "
                    "has none",
                )
            return [run]
        runs, unkept = choose_runs(log, make_filters(target, evals=None, **options), last)
    if unkept:
        say(f"{unkept} runs left out: their inputs were not kept")
    if not runs:
        raise NotFoundError(
            "there are no such runs to replay", hint="run 'promptops runs list' to see the runs"
        )
    return runs


def _is_id(text: str) -> bool:
    """Return whether a text looks like the prefix of a run id, not like a prompt's name."""
    return re.fullmatch(r"[0-9a-f]{8}-?[0-9a-f-]*", text.lower()) is not None
