"""`promptops eval run`: run eval suites, and compare a change with its baseline."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.printing import (
    EvalFormat,
    EvalFormatOption,
    MarginOption,
    MeasureOption,
    OutputOption,
    print_result,
)
from promptops.cli.session import current, is_terminal, report_error, say, warn
from promptops.errors import RefusedError, UsageError
from promptops.evals.judgement import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.evals.asking import Mode
    from promptops.evals.plan import Plan
    from promptops.evals.preparation import Choice, Preparation
    from promptops.evals.runner import Progress

_MICROS = 1_000_000
# Ended by Ctrl-C, as every shell expects it.
_INTERRUPTED = 130


def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Prompts, or files of suites; all of them."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="SELECTOR", help="The state to judge; the work tree."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="SELECTOR",
            help="The baseline, or none; what is live, else the latest release.",
        ),
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only suites that the change touches.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="REV", help="What --changed compares with; the default branch."
        ),
    ] = None,
    using: Annotated[
        str | None,
        typer.Option("--using", metavar="MODEL", help="Judge what is live and names this model."),
    ] = None,
    instead: Annotated[
        str | None,
        typer.Option("--instead", metavar="NEW", help="With this model in its place."),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option("--env", metavar="ENV", help="Where --using looks; the default environment."),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option("--models", metavar="A,B", help="Ask these models instead of the suite's."),
    ] = None,
    samples: Annotated[
        list[str] | None,
        typer.Option("--sample", metavar="NAME", help="Run this sample only; may be repeated."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", metavar="USD", min=0, help="Stop before it costs more."),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", metavar="N", min=1, max=1000, help="Trials at once; 10."),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Keep all answers in cassettes beside the suites.")
    ] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Take all answers from cassettes; ask nobody.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Ask models even where a cassette could answer.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a run like this one was ended.")
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="N/OF", help="Run one part of the samples, such as 2/5."),
    ] = None,
    stand_in: Annotated[
        str | None,
        typer.Option(
            "--stand-in", metavar="MODEL", help="Let this model answer in place of every other."
        ),
    ] = None,
    all_checks: Annotated[
        bool, typer.Option("--all-checks", help="Ask judges about answers that failed, too.")
    ] = False,
    no_python: Annotated[
        bool, typer.Option("--no-python", help="Run no functions of the repository.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would take; ask nobody.")
    ] = False,
    measure: MeasureOption = Measure.SHARE,
    margin: MarginOption = None,
    file: OutputOption = None,
    output: EvalFormatOption = EvalFormat.TEXT,
) -> None:
    """Run eval suites: by default the work tree, compared with what is live.

    Exit code 0: passed. 1: blocked, by a threshold, a lost sample tagged `must` or a result that is
    worse than the baseline's. 2: could not be judged. Without keys, answers come from the cassettes
    beside the suites where every suite has one.
    """
    from promptops.evals.judgement import Rules
    from promptops.evals.opening import Options, choose_mode, open_prices
    from promptops.evals.opening import run as run_prepared
    from promptops.evals.plan import make_plan
    from promptops.evals.preparation import Choice, NothingTouchedError, prepare
    from promptops.evals.runner import INTERRUPTED

    repository = current().repository
    choice = Choice(
        tuple(names or ()),
        at,
        against,
        _split(models),
        _read_shard(shard),
        tuple(samples or ()),
        _choose_base(base, changed=changed),
        using,
        instead,
        environment,
    )
    _check_together(choice)
    options = Options(
        _choose_mode(record=record, replay=replay, live=live),
        None if max_cost is None else int(max_cost * _MICROS),
        concurrency,
        resume,
        stand_in,
        all_checks,
        not no_python,
    )
    try:
        preparation = prepare(repository, choice)
    except RefusedError as error:
        # A suite or prompt that cannot be used was not judged; nothing was found to be worse.
        report_error(error)
        raise typer.Exit(2) from error
    except NothingTouchedError as error:
        say(error.message)
        return
    for warning in preparation.warnings:
        warn(warning)
    mode = choose_mode(preparation, repository, options, os.environ)
    _say_plan(preparation, make_plan(preparation, open_prices(repository)), mode)
    if dry_run:
        return
    result = run_prepared(repository, preparation, choice, options, _progress())
    code = print_result(result, output, file, Rules(measure, margin))
    raise typer.Exit(_INTERRUPTED if result.stopped == INTERRUPTED else code)


def _choose_base(base: str | None, *, changed: bool) -> str | None:
    if base is not None and not changed:
        raise UsageError("--base without --changed", hint="add --changed")
    if not changed or base is not None:
        return base
    found = current().repository.default_branch_ref
    if found is None:
        raise UsageError("it is not known here what to compare with", hint="add --base REV")
    return found


def _check_together(choice: Choice) -> None:
    """Refuse options that say two things at once."""
    if (choice.using is None) != (choice.instead is None):
        raise UsageError(
            "--using and --instead belong together",
            hint="--using openai/gpt-4o --instead openai/gpt-5",
        )
    if choice.using is None:
        if choice.environment is not None:
            raise UsageError("--env belongs to --using", hint="--at ENV judges what is live there")
        return
    if choice.at or choice.against or choice.models or choice.changed_since:
        raise UsageError(
            "--using judges what is live, with two models",
            hint="leave out --at, --against, --models and --changed",
        )
    if choice.using == choice.instead:
        raise UsageError("--using and --instead name one model", hint="name two")


def _split(models: str | None) -> tuple[str, ...]:
    if models is None:
        return ()
    found = tuple(dict.fromkeys(one.strip() for one in models.split(",") if one.strip()))
    if not found:
        raise UsageError("--models names no model", hint="--models openai/gpt-4o,local")
    return found


def _read_shard(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    number, _, count = text.partition("/")
    if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise UsageError(f"--shard '{text}' is no part", hint="write 2/5 for the second of five")


def _choose_mode(*, record: bool, replay: bool, live: bool) -> Mode | None:
    from promptops.evals.asking import Mode

    chosen = [
        mode
        for mode, is_asked in ((Mode.RECORD, record), (Mode.REPLAY, replay), (Mode.LIVE, live))
        if is_asked
    ]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} exclude one another", hint="keep one")
    return chosen[0] if chosen else None


def _say_plan(preparation: Preparation, plan: Plan, mode: Mode) -> None:
    from promptops.evals.asking import Mode

    suites = len(preparation.parts)
    what = f"{suites} {'suite' if suites == 1 else 'suites'}, {plan.samples} samples"
    if preparation.shard != (1, 1):
        what += f" (shard {preparation.shard[0]} of {preparation.shard[1]})"
    judged = f" and up to {plan.judged} of judges" if plan.judged else ""
    say(f"{what}, {plan.trials} trials: {plan.calls} calls{judged}, {plan.tokens} tokens at most")
    if mode is Mode.REPLAY:
        say("all answers come from cassettes: no model is asked")
        return
    likely = "unknown" if plan.estimated_micros is None else _dollars(plan.estimated_micros)
    most = (
        "unknown: a model has no price or a prompt no max_tokens"
        if plan.highest_micros is None
        else _dollars(plan.highest_micros)
    )
    say(f"estimated cost {likely}, highest {most}")


def _dollars(micros: int) -> str:
    return f"{micros / _MICROS:.4f} USD"


def _progress() -> Callable[[Progress], None]:
    """Return what tells a person at a terminal how far the run is; nobody else needs it."""
    if not is_terminal(sys.stderr):
        return lambda _progress: None

    def tell(progress: Progress) -> None:
        rate = progress.done / progress.seconds if progress.seconds else 0.0
        left = f"{(progress.total - progress.done) / rate:.0f} s left" if rate else ""
        parts = [
            f"{progress.done}/{progress.total}",
            f"{progress.failed} failed" if progress.failed else "",
            f"{progress.errors} errors" if progress.errors else "",
            _dollars(progress.spent_micros),
            f"{rate:.1f}/s",
            left,
        ]
        line = "  ".join(part for part in parts if part)
        end = "\n" if progress.done == progress.total else ""
        sys.stderr.write(f"\r\x1b[K{line}{end}")
        sys.stderr.flush()

    return tell
