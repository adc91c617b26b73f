"""`promptops eval run`: run eval suites, and compare a change with its baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.printing import (
    EvalFormat,
    EvalFormatOption,
    EvidenceOption,
    HtmlOption,
    MarginOption,
    MeasureOption,
    OutputOption,
    check_files,
    print_result,
)
from promptops.cli.eval.running import (
    INTERRUPTED_CODE,
    ClusterOption,
    ConcurrencyOption,
    LiveOption,
    MaxCostOption,
    ModelsOption,
    RecordOption,
    ReplayOption,
    ResumeOption,
    StandInOption,
    choose_mode_by_flags,
    prepare_or_exit,
    say_plan,
    show_progress,
    split_models,
    to_micros,
)
from promptops.cli.session import (
    AllOption,
    current,
    refuse_both,
    say,
    warn,
)
from promptops.errors import UsageError
from promptops.evals.outcome import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.evals.opening import EvalOptions
    from promptops.evals.preparation import SuiteChoice
    from promptops.evals.result import EvalResult


def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Prompts or suite files; by default all."),
    ] = None,
    everything: AllOption = False,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="SELECTOR", help="The state to test; by default the work tree."
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="SELECTOR",
            help="The baseline, or `none`; by default what is live, else the latest release.",
        ),
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Run only suites affected by the change.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="REV", help="The base of --changed; by default the default branch."
        ),
    ] = None,
    using: Annotated[
        str | None,
        typer.Option("--using", metavar="MODEL", help="Test live prompts that use this model."),
    ] = None,
    instead: Annotated[
        str | None,
        typer.Option(
            "--instead", metavar="NEW", help="Replace the model of --using with this one."
        ),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env",
            metavar="ENV",
            help="The environment for --using; by default default_environment.",
        ),
    ] = None,
    models: ModelsOption = None,
    samples: Annotated[
        list[str] | None,
        typer.Option("--sample", metavar="NAME", help="Run only this sample; repeatable."),
    ] = None,
    max_cost: MaxCostOption = None,
    concurrency: ConcurrencyOption = None,
    record: RecordOption = False,
    replay: ReplayOption = False,
    live: LiveOption = False,
    resume: ResumeOption = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard", metavar="N/OF", help="Run only one part of the samples, such as 2/5."
        ),
    ] = None,
    stand_in: StandInOption = None,
    cluster: ClusterOption = None,
    all_checks: Annotated[
        bool, typer.Option("--all-checks", help="Also call judges for answers that already failed.")
    ] = False,
    no_python: Annotated[
        bool, typer.Option("--no-python", help="Do not run Python functions of the repository.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the estimated calls and cost; call no model.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again when prompts or suites change.")
    ] = False,
    measure: MeasureOption = Measure.SHARE,
    margin: MarginOption = None,
    file: OutputOption = None,
    evidence: EvidenceOption = None,
    page: HtmlOption = None,
    output: EvalFormatOption = EvalFormat.TEXT,
) -> None:
    """Run eval suites. By default, compare the work tree with what is live.

    Exit code 0: passed. 1: blocked by a threshold, a lost sample tagged `must`, or a result that is
    worse than the baseline. 2: could not be decided. Without keys, answers come from the cassettes
    next to the suites.
    """
    from promptops.evals.opening import EvalOptions
    from promptops.evals.outcome import SuiteRules
    from promptops.evals.preparation import SuiteChoice, check_choice
    from promptops.evals.runner import INTERRUPTED

    refuse_both(names, everything=everything)
    choice = SuiteChoice(
        tuple(names or ()),
        at,
        against,
        split_models(models),
        _read_shard(shard),
        tuple(samples or ()),
        _choose_base(base, changed=changed),
        using,
        instead,
        environment,
    )
    check_choice(choice)
    if evidence is not None and (samples or stand_in is not None):
        raise UsageError(
            "--evidence needs whole suites with their own models",
            hint="remove --sample and --stand-in, or --evidence",
        )
    check_files(output=file, evidence=evidence, html=page)
    options = EvalOptions(
        choose_mode_by_flags(record=record, replay=replay, live=live),
        to_micros(max_cost),
        concurrency,
        resume,
        stand_in,
        all_checks,
        not no_python,
        keeps=watch,
        cluster=cluster,
    )
    if watch and dry_run:
        raise UsageError("--watch and --dry-run cannot be combined", hint="keep one")

    def once() -> int:
        result = _run_once(choice, options, is_dry=dry_run)
        if result is None:
            return 0
        code = print_result(result, output, file, SuiteRules(measure, margin), evidence, page)
        return INTERRUPTED_CODE if result.stopped == INTERRUPTED else code

    if watch:
        _watch(once)
        return
    raise typer.Exit(once())


def _run_once(choice: SuiteChoice, options: EvalOptions, *, is_dry: bool) -> EvalResult | None:
    """Prepare and run; None if there is nothing to run, or only the plan is requested."""
    from promptops.evals.opening import run as run_prepared
    from promptops.evals.preparation import NothingTouchedError
    from promptops.evals.question import Mode

    repository = current().repository
    try:
        preparation = prepare_or_exit(repository, choice)
    except NothingTouchedError as error:
        say(error.message)
        return None
    for warning in preparation.warnings:
        warn(warning)
    say_plan(repository, preparation, options)
    if is_dry:
        return None
    result = run_prepared(repository, preparation, choice, options, show_progress())
    if options.mode is Mode.RECORD:
        for part in preparation.parts:
            say(f"written: {part.cassette}")
    return result


def _watch(once: Callable[[], int]) -> None:
    """Run repeatedly until interrupted. Earlier answers are reused."""
    from promptops.cli.watching import watch_and_repeat
    from promptops.evals.opening import forget_answers

    def again() -> None:
        try:
            code = once()
        except typer.Exit as error:  # already reported
            code = int(error.exit_code)
        if code == INTERRUPTED_CODE:
            raise typer.Exit(INTERRUPTED_CODE)

    try:
        watch_and_repeat(again, with_owners=False)
    finally:
        forget_answers(current().repository)


def _choose_base(base: str | None, *, changed: bool) -> str | None:
    if base is not None and not changed:
        raise UsageError("--base needs --changed", hint="add --changed")
    if not changed or base is not None:
        return base
    found = current().repository.default_branch_ref
    if found is None:
        raise UsageError("the base of the comparison is unknown", hint="add --base REV")
    return found


def _read_shard(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    number, _, count = text.partition("/")
    if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise UsageError(f"--shard '{text}' is not a part", hint="write 2/5 for the second of five")
