"""`promptops eval noise`: measure how much a suite's results vary without a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.printing import (
    EvalFormat,
    EvalFormatOption,
    MeasureOption,
    OutputOption,
    print_result,
)
from promptops.cli.eval.running import (
    INTERRUPTED_CODE,
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
from promptops.cli.session import AllOption, current, refuse_both, say, warn
from promptops.evals.outcome import Measure

if TYPE_CHECKING:
    from promptops.evals.outcome import SuiteOutcome


def noise(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Prompts or suite files; by default all."),
    ] = None,
    everything: AllOption = False,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="SELECTOR", help="The state to run twice; the work tree."),
    ] = None,
    models: ModelsOption = None,
    max_cost: MaxCostOption = None,
    concurrency: ConcurrencyOption = None,
    record: RecordOption = False,
    replay: ReplayOption = False,
    live: LiveOption = False,
    resume: ResumeOption = False,
    stand_in: StandInOption = None,
    measure: MeasureOption = Measure.SHARE,
    file: OutputOption = None,
    output: EvalFormatOption = EvalFormat.TEXT,
) -> None:
    """Run each suite twice on the same state and show how far the results differ.

    A difference between two versions that is not larger is noise. Exit code 2: could not be
    decided. Otherwise 0.
    """
    from promptops.evals.opening import EvalOptions
    from promptops.evals.opening import run as run_prepared
    from promptops.evals.outcome import Exit, SuiteRules, judge_run
    from promptops.evals.preparation import SuiteChoice
    from promptops.evals.runner import INTERRUPTED

    refuse_both(names, everything=everything)
    repository = current().repository
    choice = SuiteChoice(tuple(names or ()), at, models=split_models(models), is_noise=True)
    options = EvalOptions(
        choose_mode_by_flags(record=record, replay=replay, live=live),
        to_micros(max_cost),
        concurrency,
        resume,
        stand_in,
    )
    preparation = prepare_or_exit(repository, choice)
    say_plan(repository, preparation, options)
    result = run_prepared(repository, preparation, choice, options, show_progress())
    rules = SuiteRules(measure)
    code = print_result(result, output, file, rules)
    for outcome in judge_run(result, rules)[0]:
        _say_noise(outcome)
    if result.stopped == INTERRUPTED:
        raise typer.Exit(INTERRUPTED_CODE)
    raise typer.Exit(Exit.UNKNOWN if code == Exit.UNKNOWN else Exit.PASSED)


def _say_noise(outcome: SuiteOutcome) -> None:
    verdict = outcome.verdict
    interval = None if verdict is None else verdict.overall.interval
    if verdict is None or interval is None:
        return
    overall = verdict.overall
    reach = max(abs(interval.low), abs(interval.high))
    where = f"{outcome.suite.prompt}, {outcome.model}"
    say(
        f"{where}: {overall.differing} of {overall.samples} samples differ between two runs of"
        f" one state, and the whole by {100 * overall.difference:+.1f} points; differences of up"
        f" to {100 * reach:.1f} points can be noise"
    )
    threshold = outcome.suite.thresholds.overall
    if threshold is not None and abs(overall.after - threshold) <= abs(overall.difference):
        warn(
            f"{where}: the threshold of {threshold:.0%} is within the noise",
            hint="use more trials, or change the threshold",
        )
