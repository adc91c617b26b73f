"""`promptops eval calibrate`: measure a judge's agreement with people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.running import (
    INTERRUPTED_CODE,
    ConcurrencyOption,
    LiveOption,
    MaxCostOption,
    ModelsOption,
    RecordOption,
    ReplayOption,
    StandInOption,
    choose_mode_by_flags,
    prepare_or_exit,
    say_plan,
    show_progress,
    split_models,
    to_micros,
)
from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    say,
    warn,
)
from promptops.errors import ConfigurationError, PromptopsError

if TYPE_CHECKING:
    from promptops.evals.calibration import Calibration


def calibrate(
    judge: Annotated[
        str | None,
        typer.Argument(metavar="[JUDGE]", help="The judge's prompt; by default that of [eval]."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Store the result next to the judge's suite.")
    ] = False,
    models: ModelsOption = None,
    max_cost: MaxCostOption = None,
    concurrency: ConcurrencyOption = None,
    record: RecordOption = False,
    replay: ReplayOption = False,
    live: LiveOption = False,
    stand_in: StandInOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Compare a judge with the labelled samples of its suite: agreement and two biases.

    A label is the check `json: {criteria: [{met: true}, ...]}`. Exit code 1: the agreement is below
    `agreement` in [eval]. 2: it could not be measured.
    """
    from promptops.evals.calibration import (
        ENDING,
        add_reversed,
        calibration_to_json,
        write_calibrations,
    )
    from promptops.evals.calibration import calibrate as measure
    from promptops.evals.opening import EvalOptions
    from promptops.evals.opening import run as run_prepared
    from promptops.evals.preparation import NONE, SuiteChoice
    from promptops.evals.runner import INTERRUPTED

    repository = current().repository
    settings = repository.config.eval
    name = judge or (settings.judge or "").partition("@")[0]
    if not name:
        raise ConfigurationError(
            "no judge is configured", hint="name one, or set 'judge' in the table [eval]"
        )
    choice = SuiteChoice((name,), against=NONE, models=split_models(models))
    options = EvalOptions(
        choose_mode_by_flags(record=record, replay=replay, live=live),
        to_micros(max_cost),
        concurrency,
        stand_in=stand_in,
    )
    preparation = prepare_or_exit(repository, choice)
    part = add_reversed(preparation.parts[0])
    preparation = replace(preparation, parts=(part,))
    say_plan(repository, preparation, options)
    result = run_prepared(repository, preparation, choice, options, show_progress())
    if result.stopped:
        if result.stopped == INTERRUPTED:
            raise typer.Exit(INTERRUPTED_CODE)
        raise PromptopsError(f"the run was stopped: {result.stopped}", hint="raise --max-cost")
    found = [measure(part, result.suites[0], model) for model in part.models]
    if write:
        path = f"{part.suite.path.rpartition('.')[0]}{ENDING}"
        write_calibrations(repository.require_work_tree() / path, found)
        say(f"written: {path}")
    if output is Format.JSON:
        documents = [calibration_to_json(one) for one in found]
        emit_json(json_document("promptops.calibration/v1", models=documents))
    else:
        for one in found:
            emit("\n".join(_describe(one)))
    raise typer.Exit(max(_exit(one, settings.agreement) for one in found))


def _describe_length(bias: float) -> str:
    points = round(100 * abs(bias))
    if not points:
        return "it is as kind to the longer half of the answers as to the shorter half"
    half, other = ("longer", "shorter") if bias > 0 else ("shorter", "longer")
    return (
        f"it is {points} points kinder to the {half} half of the answers than to the {other} half"
    )


def _describe(one: Calibration) -> list[str]:
    agreement = one.agreement
    if not agreement.pairs:
        return [f"{one.judge} with {one.model}: nothing was judged"]
    interval = agreement.interval
    bounds = "" if interval is None else f" ({interval.low:.2f} to {interval.high:.2f})"
    value = (
        "undefined, since both sides always give the same answer"
        if agreement.kappa is None
        else f"{agreement.kappa:.2f}{bounds}"
    )
    lines = [
        (
            f"{one.judge} with {one.model}: kappa {value}; it agrees on {agreement.agreed:.0%} of"
            f" {agreement.pairs} criteria"
        ),
        f"  {one.passes_wrongly} are passed wrongly, {one.fails_wrongly} failed wrongly",
    ]
    if one.reordered:
        lines.append(f"  {one.flipped} of {one.reordered} rulings depend on the order")
    if one.length_bias is not None:
        lines.append(f"  {_describe_length(one.length_bias)}")
    if one.unjudged:
        lines.append(f"  {one.unjudged} samples got no usable reply")
    return lines


def _exit(one: Calibration, least: float | None) -> int:
    agreement = one.agreement
    if not agreement.pairs or agreement.kappa is None:
        warn("the agreement could not be measured", hint="label passing and failing samples")
        return 2
    if least is not None and agreement.kappa < least:
        warn(f"kappa {agreement.kappa:.2f} is below {least:.2f}: this judge cannot block")
        return 1
    return 0
