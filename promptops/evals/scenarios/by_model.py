"""Draft samples by a model: estimate the cost, then ask."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import ConfigurationError, NotFoundError
from promptops.evals.asking import Asker
from promptops.evals.opening import open_tools
from promptops.evals.plan import plan_questions
from promptops.evals.scenarios.asking import (
    MAX_BATCH,
    DraftWriter,
    ScenarioCourse,
    ask_for_scenarios,
    check_writer,
    count_rounds,
    make_inputs,
)
from promptops.evals.scenarios.collection import CATEGORIES, ScenarioCollection
from promptops.evals.suites import Suites
from promptops.prompt.reference import parse_ref
from promptops.repository.prices import Prices
from promptops.runtime.lookup import resolve_selected
from promptops.runtime.models import Models

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.evals.plan import EvalPlan
    from promptops.evals.scenarios.asking import ScenarioRound
    from promptops.prompt.prompt import Prompt
    from promptops.repository.repository import Repository

# The maximum number of tokens that later questions add: known names, and faults.
_TOKENS_OF_NAME = 40
_TOKENS_OF_PROBLEMS = 2000
_MAX_ORIGIN = 1000
INTERRUPTED = "interrupted"
"""The value of `stopped` after Ctrl-C; earlier scenarios are kept."""


class ModelDraft(NamedTuple):
    """A draft written by a model.

    Attributes:
        collection: the scenarios, including the rejected ones.
        course: the result of each round.
        calls: the number of requests.
        spent_micros: their known cost, in micro-dollars.
        is_priced: whether all costs are known.
    """

    collection: ScenarioCollection
    course: ScenarioCourse
    calls: int
    spent_micros: int
    is_priced: bool


def find_writer(repository: Repository, ref: str | None, model: str | None) -> DraftWriter:
    """Return the scenario prompt and the model to ask.

    Args:
        repository: the repository.
        ref: its ref; None: that of `[eval]`.
        model: the model; None: the prompt's own.

    Raises:
        ConfigurationError: it does not exist or is not a scenario prompt.
        PromptopsError: it cannot be resolved, or the model's name is invalid.
    """
    wanted = ref or repository.config.eval.scenarios
    if wanted is None:
        raise ConfigurationError(
            "no scenario prompt is configured",
            hint="create one with promptops init --evals, or set scenarios in [eval] or --prompt",
        )
    resolved = resolve_selected(repository, parse_ref(wanted))
    check_writer(resolved)
    name = model or resolved.model
    Models(repository.config.models, root=repository.require_work_tree()).get(name)
    return DraftWriter(resolved, name)


def plan_draft(repository: Repository, writer: DraftWriter, prompt: Prompt, limit: int) -> EvalPlan:
    """Return the maximum calls, tokens and cost of a draft."""
    count = min(limit, MAX_BATCH)
    inputs = make_inputs(writer.resolved, prompt, count, categories=CATEGORIES)
    return plan_questions(
        writer.resolved,
        inputs,
        writer.model,
        Prices(repository.config.models),
        times=count_rounds(limit),
        extra_tokens=_TOKENS_OF_NAME * limit + _TOKENS_OF_PROBLEMS,
    )


def draft_by_model(
    repository: Repository,
    writer: DraftWriter,
    prompt: Prompt,
    limit: int,
    *,
    max_cost: int | None,
    on_round: Callable[[ScenarioRound], None] = lambda _result: None,
) -> ModelDraft:
    """Ask a model for samples that the prompt's suites do not contain yet.

    Args:
        repository: the repository.
        writer: the scenario prompt and the model.
        prompt: the prompt under test.
        limit: the maximum number of samples.
        max_cost: the cost limit in micro-dollars; None: that of `[eval]`.
        on_round: is called after each round.

    Raises:
        InputError, TemplateError: the scenario prompt cannot be rendered for this prompt.
    """
    tools = open_tools(repository, max_cost)
    collection = ScenarioCollection(prompt, limit, _list_known(repository, prompt))

    course = ScenarioCourse()
    calls = 0

    async def ask() -> None:
        nonlocal calls
        asker = Asker(tools)
        try:
            await ask_for_scenarios(
                asker,
                writer,
                prompt,
                collection,
                course,
                rounds=count_rounds(limit),
                embeds=tools.embedder is not None,
                on_round=on_round,
            )
        finally:
            calls = asker.calls
            await tools.models.aclose()

    try:
        asyncio.run(ask())
    except KeyboardInterrupt:
        course.stopped = INTERRUPTED
    finally:
        if tools.guards is not None:
            tools.guards.close()
    cap = tools.cost_cap
    return ModelDraft(collection, course, calls, cap.spent, cap.unpriced == 0)


def describe_origin(writer: DraftWriter, names: Sequence[str], at: str) -> str:
    """Return a line that says which prompt and model wrote a draft, and when.

    Args:
        writer: the scenario prompt and the model.
        names: the models that answered, by the provider's names.
        at: the time, as text.
    """
    served = [one for one in names if one != writer.model]
    named = f"{writer.model} (served: {', '.join(served)})" if served else writer.model
    resolved = writer.resolved
    text = f"by {named} with {resolved.name} {resolved.version} ({resolved.digest}) on {at}"
    # The served model's name is untrusted; it must not end the comment that contains it.
    return "".join(one if one.isprintable() else " " for one in text)[:_MAX_ORIGIN]


def _list_known(repository: Repository, prompt: Prompt) -> list[tuple[str, dict[str, Any]]]:
    """Return the samples of a prompt's suites: names and inputs."""
    suites = Suites(repository)
    try:
        found = suites.find([prompt.name])
    except NotFoundError:
        return []
    loaded = [suites.load(one, prompt)[0] for one in found]
    return [(one.name, dict(one.inputs)) for suite in loaded for one in suite.samples]
