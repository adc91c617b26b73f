"""`promptops eval plan`: estimate the samples needed to detect a loss."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from promptops.cli.eval.running import prepare_or_exit
from promptops.cli.session import (
    AllOption,
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    json_document,
    refuse_both,
)
from promptops.errors import UsageError


def plan(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Prompts or suite files; by default all."),
    ] = None,
    everything: AllOption = False,
    detect: Annotated[
        float,
        typer.Option("--detect", metavar="LOSS", help="The loss to detect, as a share of trials."),
    ] = 0.05,
    rate: Annotated[
        float, typer.Option("--rate", metavar="SHARE", help="The share of trials that pass today.")
    ] = 0.9,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            metavar="K",
            min=1,
            max=100,
            help="Trials per sample; by default as in the suite.",
        ),
    ] = None,
    intraclass: Annotated[
        float,
        typer.Option(
            "--intraclass", metavar="R", help="Correlation of the trials of a sample, from 0 to 1."
        ),
    ] = 0.5,
    output: FormatOption = Format.TEXT,
) -> None:
    """Estimate the loss that each suite detects in four of five cases, and the trials needed to
    detect LOSS.
    """
    from promptops.evals.preparation import NONE, SuiteChoice
    from promptops.evals.statistics import Design, detectable_drop, power, samples_needed

    if not 0 < rate <= 1 or not 0 < detect <= rate or not 0 <= intraclass < 1:
        raise UsageError(
            "a loss of that size is impossible",
            hint="use --detect above 0 and up to --rate, and --rate up to 1",
        )
    refuse_both(names, everything=everything)
    preparation = prepare_or_exit(
        current().repository, SuiteChoice(tuple(names or ()), against=NONE)
    )
    found: list[dict[str, Any]] = []
    for part in preparation.parts:
        counts = sorted(sample.trials for sample in part.samples)
        k = trials or counts[len(counts) // 2]
        design = Design(rate, detect, k, intraclass)
        samples = len(part.samples)
        found.append(
            {
                "path": part.suite.path,
                "samples": samples,
                "trials": k,
                "power": power(samples, design),
                "detectable": detectable_drop(samples, design),
                "needed": samples_needed(design),
                "needed_trials": {
                    str(more): samples_needed(Design(rate, detect, more, intraclass))
                    for more in (1, 3, 5)
                },
            }
        )
    if output is Format.JSON:
        assumed = {"rate": rate, "detect": detect, "intraclass": intraclass}
        emit_json(json_document("promptops.eval-plan/v1", **assumed, suites=found))
        return
    for one in found:
        emit(_describe(one, detect))


def _describe(one: dict[str, Any], detect: float) -> str:
    trials = "1 trial" if one["trials"] == 1 else f"{one['trials']} trials"
    samples = "1 sample" if one["samples"] == 1 else f"{one['samples']} samples"
    least = one["detectable"]
    notices = (
        "is too small to detect any loss in four of five cases"
        if least is None
        else f"detects a loss of {100 * least:.1f} points in four of five cases"
    )
    needed = one["needed"]
    takes = "more than a million" if needed is None else str(needed)
    return (
        f"{one['path']}, {samples} of {trials}, {notices};"
        f" it detects one of {100 * detect:.1f} points in {one['power']:.0%} of cases."
        f" To detect that in four of five cases takes {takes} samples."
    )
