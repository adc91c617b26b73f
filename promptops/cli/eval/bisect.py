"""`promptops eval bisect`: find the release that broke a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.running import (
    INTERRUPTED_CODE,
    ConcurrencyOption,
    LiveOption,
    MaxCostOption,
    ModelsOption,
    ReplayOption,
    StandInOption,
    choose_mode_by_flags,
    prepare_or_exit,
    split_models,
    to_micros,
)
from promptops.cli.session import Format, FormatOption, current, emit, emit_json, json_document, say

if TYPE_CHECKING:
    from promptops.prompt.version import Version


def bisect(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    good: Annotated[
        str | None,
        typer.Option(
            "--good", metavar="VERSION", help="A release that passes; by default the first."
        ),
    ] = None,
    bad: Annotated[
        str | None,
        typer.Option("--bad", metavar="VERSION", help="A release that fails; by default the last."),
    ] = None,
    samples: Annotated[
        list[str] | None,
        typer.Option("--sample", metavar="NAME", help="Run only this sample; repeatable."),
    ] = None,
    models: ModelsOption = None,
    max_cost: MaxCostOption = None,
    concurrency: ConcurrencyOption = None,
    replay: ReplayOption = False,
    live: LiveOption = False,
    stand_in: StandInOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Find the release that broke the suites of the work tree, in as few runs as possible.

    A release passes if its suites pass without a baseline: by their thresholds, or if every sample
    passes. --max-cost applies to each run.
    """
    from promptops.evals.bisecting import UndecidedError, bisect_versions, choose_versions
    from promptops.evals.opening import EvalOptions
    from promptops.evals.opening import run as run_prepared
    from promptops.evals.outcome import Exit, judge_run
    from promptops.evals.preparation import NONE, SuiteChoice
    from promptops.evals.runner import INTERRUPTED

    repository = current().repository
    options = EvalOptions(
        choose_mode_by_flags(record=False, replay=replay, live=live),
        to_micros(max_cost),
        concurrency,
        stand_in=stand_in,
    )

    def passes(version: Version) -> bool:
        only = tuple(samples or ())
        choice = SuiteChoice((name,), str(version), NONE, split_models(models), only=only)
        preparation = prepare_or_exit(repository, choice)
        result = run_prepared(repository, preparation, choice, options, lambda _progress: None)
        if result.stopped == INTERRUPTED:
            raise typer.Exit(INTERRUPTED_CODE)
        outcomes, code = judge_run(result)
        if code is Exit.UNKNOWN:
            why = result.stopped or next(one.text for judged in outcomes for one in judged.reasons)
            raise UndecidedError(
                f"{name} {version} could not be judged: {why}",
                hint=f"promptops eval run {name} --at {version} --against none",
            )
        say(f"{version} {'passes' if code is Exit.PASSED else 'fails'}")
        return code is Exit.PASSED

    found = bisect_versions(choose_versions(repository, name, good, bad), passes)
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.eval-bisect/v1",
                name=name,
                good=str(found.good),
                bad=str(found.bad),
                runs=found.runs,
            )
        )
        return
    emit(f"{name} {found.bad} is the first release that fails; {found.good} passes")
    emit(f"promptops diff {name}@{found.good}..{found.bad} shows what changed")
