"""`promptops eval generate`: draft samples for a prompt, with or without a model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.drafts import (
    DraftOption,
    choose_draft_file,
    find_draft_prompt,
    say_drafted,
    write_draft_file,
)
from promptops.cli.eval.running import (
    INTERRUPTED_CODE,
    MaxCostOption,
    count_things,
    say_costs,
    to_micros,
)
from promptops.cli.session import current, one_line, say, warn
from promptops.errors import PromptopsError, UsageError, count_of

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.evals.scenarios.asking import DraftWriter, ScenarioRound
    from promptops.evals.scenarios.by_model import ModelDraft
    from promptops.prompt.prompt import Prompt

_DEFAULT = 60
_MAX_BY_MODEL = 500
_MAX_NAMED = 10
_ENDING = ".model.yaml"


def generate(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    limit: Annotated[
        int,
        typer.Option("--max", metavar="N", min=1, max=10_000, help="Maximum number of samples."),
    ] = _DEFAULT,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="Let this model write the samples."),
    ] = None,
    writer: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            metavar="REF",
            help="The scenario prompt, with its own model unless --model names one.",
            show_default="[eval] scenarios",
        ),
    ] = None,
    max_cost: MaxCostOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the estimated calls and cost; call no model.")
    ] = False,
    output: DraftOption = None,
) -> None:
    """Draft samples for a prompt, from its input schemas or by a model.

    Without --model and --prompt, no model is called. Boundary values, missing, contradictory,
    ambiguous, foreign-language, long and hostile values are combined so that every pair occurs. A
    model writes scenarios of the same kinds; they are checked, and duplicates are dropped. Drafts
    do not count until a person has reviewed them and moved samples into a suite.
    """
    prompt = find_draft_prompt(name)
    if model is not None or writer is not None:
        _generate_by_model(
            prompt, limit, model, writer, to_micros(max_cost), output, is_dry=dry_run
        )
        return
    if max_cost is not None:
        raise UsageError("--max-cost needs a model", hint="add --model, or remove --max-cost")
    from promptops.evals.scenarios.drafting import draft_samples

    file = choose_draft_file(prompt, ".yaml", output)
    samples = draft_samples(prompt, limit)
    if dry_run:
        say(
            f"would draft {len(samples):,} samples in {one_line(str(file))}, without calling a "
            "model"
        )
        return
    say_drafted(len(samples), write_draft_file(prompt, samples, "from its inputs", ".yaml", output))


def _generate_by_model(
    prompt: Prompt,
    limit: int,
    model: str | None,
    ref: str | None,
    max_cost: int | None,
    output: Path | None,
    *,
    is_dry: bool,
) -> None:
    from promptops.evals.scenarios.by_model import (
        INTERRUPTED,
        draft_by_model,
        find_writer,
        plan_draft,
    )

    if limit > _MAX_BY_MODEL:
        raise UsageError(
            f"a model drafts at most {_MAX_BY_MODEL} samples at once",
            hint=f"use --max {_MAX_BY_MODEL}, or remove --model",
        )
    repository = current().repository
    writer = find_writer(repository, ref, model)
    choose_draft_file(prompt, _ENDING, output)
    plan = plan_draft(repository, writer, prompt, limit)
    resolved = writer.resolved
    say(
        f"{writer.model} will be called with {resolved.name} {resolved.version},"
        f" {plan.calls} times at most"
    )
    say_costs(plan)
    cap = repository.config.eval.max_cost if max_cost is None else max_cost
    if cap is not None and plan.highest_micros is not None and plan.highest_micros > cap:
        say(f"the cap of {cap / 1_000_000:.4f} USD may end it early; finished samples are kept")
    if is_dry:
        return
    draft = draft_by_model(repository, writer, prompt, limit, max_cost=max_cost, on_round=_tell)
    samples = draft.collection.choose()
    if not samples and draft.course.error is not None:
        raise draft.course.error
    _report(draft)
    if not samples:
        raise PromptopsError(
            "no scenarios were drafted",
            hint="see the lines above, or try another model",
        )
    file = write_draft_file(prompt, samples, _describe(writer, draft), _ENDING, output)
    say_drafted(len(samples), file)
    if draft.course.stopped == INTERRUPTED:
        raise typer.Exit(INTERRUPTED_CODE)


def _tell(done: ScenarioRound) -> None:
    fault = f": {one_line(done.fault)}" if done.fault else ""
    say(f"round {done.number}: {done.new} new of {done.asked} asked for{fault}")


def _report(draft: ModelDraft) -> None:
    """Report rejected scenarios with reasons, missing categories, and the cost."""
    from promptops.evals.scenarios.collection import describe_refused

    collection = draft.collection
    for line in describe_refused(collection.refused[:_MAX_NAMED]):
        warn(f"left out {one_line(line)}")
    more = len(collection.refused) - _MAX_NAMED
    if more > 0:
        warn(f"left out {more} more that are not valid")
    if collection.repeated:
        say(f"left out: {count_of(len(collection.repeated), 'duplicate')}")
    if collection.counts:
        say("kinds: " + ", ".join(f"{count} {name}" for name, count in collection.counts.items()))
    if collection.missing and collection.counts:
        say(f"missing kinds: {', '.join(collection.missing)}")
    if draft.course.stopped:
        warn(f"ended early: {one_line(draft.course.stopped)}")
    known = "" if draft.is_priced else ", as far as prices are known"
    say(f"{count_things(draft.calls, 'call')}, {draft.spent_micros / 1_000_000:.4f} USD{known}")


def _describe(writer: DraftWriter, draft: ModelDraft) -> str:
    from promptops.evals.scenarios.by_model import describe_origin

    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return describe_origin(writer, draft.course.served, at)
