"""What a run will take, said before it starts: samples, calls, tokens and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError
from promptops.evals.scorers.registry import cost_of
from promptops.evals.scorers.scorer import Cost
from promptops.evals.trial import side_inputs
from promptops.runtime.models.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.evals.preparation import Preparation
    from promptops.prompt.suite import Check, Sample
    from promptops.repository.prices import Prices
    from promptops.runtime.resolution import ResolvedPrompt

# Answers are shorter than they may be: what an estimate takes for the share.
_USUAL_SHARE = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will take.

    Attributes:
        samples: how many samples are run, each under every model.
        trials: how many trials that makes, with the baseline's.
        calls: how many calls of models at least: a question each, and one for every further turn.
        judged: how many further calls judges may make.
        tokens: how many tokens the prompts have at most.
        estimated_micros: what the calls probably cost; None where a price is unknown.
        highest_micros: what they cost at most, with one attempt each; None where a price or
            `max_tokens` is missing.
    """

    samples: int = 0
    trials: int = 0
    calls: int = 0
    judged: int = 0
    tokens: int = 0
    estimated_micros: int | None = 0
    highest_micros: int | None = 0


def make_plan(preparation: Preparation, prices: Prices) -> Plan:
    """Count what a run will take. What cannot be rendered takes nothing; the run finds it."""
    samples = trials = calls = judged = tokens = 0
    estimated: int | None = 0
    highest: int | None = 0
    for part in preparation.parts:
        states = [one for one in (part.change, part.baseline) if one is not None]
        samples += len(part.samples) * len(part.models)
        for sample in part.samples:
            turns = 1 + len(sample.turns)
            judges = sum(cost_of(check) is Cost.JUDGE for check in _all_checks(sample))
            runs = sample.trials * len(part.models) * len(states)
            trials += runs
            judged += judges * runs
            for index, state in enumerate(states):
                for asked in part.models:
                    model = part.baseline_model if index and part.baseline_model else asked
                    size, likely, most = _measure(
                        state, side_inputs(state, sample, is_baseline=index > 0), model, prices
                    )
                    calls += sample.trials * turns
                    tokens += sample.trials * turns * size
                    estimated = _add(estimated, likely, sample.trials * turns)
                    highest = _add(highest, most, sample.trials * turns)
    return Plan(samples, trials, calls, judged, tokens, estimated, highest)


def _add(total: int | None, cost: int | None, times: int) -> int | None:
    return None if total is None or cost is None else total + cost * times


def _all_checks(sample: Sample) -> list[Check]:
    return [*sample.checks, *(check for turn in sample.turns for check in turn.checks)]


def _measure(
    state: ResolvedPrompt, inputs: Mapping[str, object], model: str, prices: Prices
) -> tuple[int, int | None, int | None]:
    """Return the tokens of one question, and what asking it costs probably and at most."""
    try:
        messages = state.prompt.render(inputs)
    except PromptopsError:
        return 0, 0, 0
    parameters = state.prompt.request_parameters
    counted = count_tokens(messages, parameters, model)
    price = prices.find(model)
    if price is None:
        return counted.tokens, None, None
    if price.is_free:
        return counted.tokens, 0, 0
    most = parameters.get("max_tokens")
    if not isinstance(most, int):
        return counted.tokens, price.cost(counted.likely, counted.likely), None
    likely = price.cost(counted.likely, most // _USUAL_SHARE)
    return counted.tokens, likely, price.cost(counted.tokens, most)
