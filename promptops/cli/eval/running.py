"""Shared parts of `promptops eval`: options, the plan before the start, and progress."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import is_terminal, report_error, say
from promptops.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.evals.opening import EvalOptions
    from promptops.evals.plan import EvalPlan
    from promptops.evals.preparation import Preparation, SuiteChoice
    from promptops.evals.question import Mode
    from promptops.evals.runner import EvalProgress
    from promptops.repository.repository import Repository

MICROS = 1_000_000
# The exit code after Ctrl-C.
INTERRUPTED_CODE = 130
_QUIET_SECONDS = 30.0

ModelsOption = Annotated[
    str | None,
    typer.Option("--models", metavar="A,B", help="Use these models instead of the suite's."),
]
MaxCostOption = Annotated[
    float | None,
    typer.Option("--max-cost", metavar="USD", min=0, help="Stop before the cost exceeds this."),
]
ConcurrencyOption = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        metavar="N",
        min=1,
        max=1000,
        help="Number of parallel trials; by default 10.",
    ),
]
RecordOption = Annotated[
    bool, typer.Option("--record", help="Record all answers in cassettes next to the suites.")
]
ReplayOption = Annotated[
    bool, typer.Option("--replay", help="Use only recorded answers; call no model.")
]
LiveOption = Annotated[
    bool, typer.Option("--live", help="Call models even if answers are recorded.")
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Continue an interrupted run of the same kind.")
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Let the workers of this Dask scheduler call the models, such as tcp://HOST:8786.",
    ),
]
StandInOption = Annotated[
    str | None,
    typer.Option("--stand-in", metavar="MODEL", help="Use this model for all calls."),
]


def split_models(models: str | None) -> tuple[str, ...]:
    """Return the models of `--models`."""
    if models is None:
        return ()
    found = tuple(dict.fromkeys(one.strip() for one in models.split(",") if one.strip()))
    if not found:
        raise UsageError("--models is empty", hint="--models openai/gpt-4o,local")
    return found


def choose_mode_by_flags(*, record: bool, replay: bool, live: bool) -> Mode | None:
    """Return the mode chosen by flags; None without one."""
    from promptops.evals.question import Mode

    chosen = [
        mode
        for mode, is_asked in ((Mode.RECORD, record), (Mode.REPLAY, replay), (Mode.LIVE, live))
        if is_asked
    ]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} cannot be combined", hint="keep one")
    return chosen[0] if chosen else None


def to_micros(dollars: float | None) -> int | None:
    """Convert an option in dollars to micro-dollars, rounded down."""
    return None if dollars is None else int(dollars * MICROS)


def prepare_or_exit(repository: Repository, choice: SuiteChoice) -> Preparation:
    """Prepare a run. An invalid suite or prompt exits with 2: could not be judged."""
    from promptops.evals.preparation import prepare

    try:
        return prepare(repository, choice)
    except RefusedError as error:
        report_error(error)
        raise typer.Exit(2) from error


def say_plan(repository: Repository, preparation: Preparation, options: EvalOptions) -> None:
    """Print the estimate of a run."""
    from promptops.evals.opening import choose_mode, find_judge, open_prices
    from promptops.evals.plan import make_plan
    from promptops.evals.question import Mode

    mode = choose_mode(preparation, repository, options, os.environ)
    prices = open_prices(repository)
    plan = make_plan(
        preparation,
        prices,
        lambda part: find_judge(repository, part),
        embedding=repository.config.eval.embedding,
        stand_in=options.stand_in,
    )
    what = (
        f"{count_things(len(preparation.parts), 'suite')}, {count_things(plan.samples, 'sample')}"
    )
    if preparation.shard != (1, 1):
        what += f" (shard {preparation.shard[0]} of {preparation.shard[1]})"
    more = [f"up to {plan.judged} of judges"] if plan.judged else []
    more += [f"up to {plan.embedded} for embeddings"] if plan.embedded else []
    calls = " and ".join((count_things(plan.calls, "call"), *more))
    asked = f"{count_things(plan.trials, 'trial')}: {calls}"
    say(f"{what}, {asked}, {plan.tokens} tokens at most")
    if mode is Mode.REPLAY:
        served = sorted({one for part in preparation.parts for one in part.tape.list_served()})
        if served:
            say(f"no model is called: all answers come from cassettes, of {', '.join(served)}")
        for part in preparation.parts:
            if not len(part.tape):
                say(
                    f"{part.suite.path} has no cassette: create one with promptops eval run "
                    "--record"
                )
        return
    if options.stand_in is not None:
        say(f"{options.stand_in} replaces every model")
    say_costs(plan)
    cap = repository.config.eval.max_cost if options.max_cost is None else options.max_cost
    if cap is not None and plan.highest_micros is not None and plan.highest_micros > cap:
        say(f"the cap of {_dollars(cap)} may end the run early; continue it with --resume")


def count_things(number: int, what: str) -> str:
    """Return a number with its noun, such as `2 suites`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def say_costs(plan: EvalPlan) -> None:
    """Print the estimated and the highest cost of a run."""
    likely = "unknown" if plan.estimated_micros is None else _dollars(plan.estimated_micros)
    most = (
        "unknown: a model has no price or a prompt no max_tokens"
        if plan.highest_micros is None
        else _dollars(plan.highest_micros)
    )
    say(f"estimated cost {likely}, highest {most}")


def _dollars(micros: int) -> str:
    return f"{micros / MICROS:.4f} USD"


def show_progress() -> Callable[[EvalProgress], None]:
    """Return a progress display: continuous on a terminal, else twice a minute."""
    is_live = is_terminal(sys.stderr)
    said_at = 0.0

    def tell(progress: EvalProgress) -> None:
        nonlocal said_at
        if is_live:
            end = "\n" if progress.is_over else ""
            sys.stderr.write(f"\r\x1b[K{_describe(progress)}{end}")
            sys.stderr.flush()
        elif progress.seconds - said_at >= _QUIET_SECONDS:
            said_at = progress.seconds
            say(_describe(progress))

    return tell


def _describe_seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _describe(progress: EvalProgress) -> str:
    rate = progress.done / progress.seconds if progress.seconds else 0.0
    parts = [
        f"{progress.done}/{progress.total}",
        f"{progress.failed} failed" if progress.failed else "",
        f"{progress.errors} errors" if progress.errors else "",
        _dollars(progress.spent_micros),
        f"{rate:.1f}/s",
        f"{_describe_seconds((progress.total - progress.done) / rate)} left" if rate else "",
    ]
    return "  ".join(part for part in parts if part)
