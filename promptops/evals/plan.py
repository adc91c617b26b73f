"""Estimate a run before it starts: samples, calls, tokens and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import PromptopsError
from promptops.evals.preparation import list_checks
from promptops.evals.routes import list_models
from promptops.evals.trial import render_ahead, side_inputs
from promptops.runtime.models.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from promptops.evals.preparation import Preparation, SuitePart
    from promptops.prompt.suite import Check, Sample
    from promptops.repository.prices import Prices
    from promptops.runtime.resolution import ResolvedPrompt

# The assumed length of answers, as a share of the maximum.
_USUAL_SHARE = 4
# The assumed maximum number of bytes in a token.
_BYTES_OF_TOKEN = 4
_MESSAGE_TOKENS = 16
# Scorer -> number of its judge calls for each answer.
_QUESTIONS = {"rubric": 1, "factual": 1, "preference": 2}


@dataclass(slots=True)
class EvalPlan:
    """The estimate of a run.

    Attributes:
        samples: the number of samples, each run with every model.
        trials: the number of trials, the baseline's included.
        calls: the minimum number of model calls: one for each question and further turn.
        judged: the maximum number of further calls by judges.
        embedded: the maximum number of further calls for embeddings.
        tokens: the maximum number of tokens of the prompts.
        estimated_micros: the estimated cost, in micro-dollars; None if a price is unknown.
        highest_micros: the maximum cost, with one attempt each; None if a price or `max_tokens` is
            missing.
    """

    samples: int = 0
    trials: int = 0
    calls: int = 0
    judged: int = 0
    embedded: int = 0
    tokens: int = 0
    estimated_micros: int | None = 0
    highest_micros: int | None = 0

    def add(self, measure: _PlanMeasure, times: int) -> None:
        """Add a question that is asked a number of times."""
        self.tokens += measure.tokens * times
        self.estimated_micros = _add(self.estimated_micros, measure.likely, times)
        self.highest_micros = _add(self.highest_micros, measure.most, times)


class _PlanMeasure(NamedTuple):
    """One question: maximum tokens, estimated and maximum cost."""

    tokens: int
    likely: int | None
    most: int | None


_NOTHING = _PlanMeasure(0, 0, 0)


class _Asks(NamedTuple):
    """A prompt, with the data shared by all of its questions.

    Attributes:
        prompt: the prompt.
        parameters: the parameters of its requests.
        models: the models that it may ask.
    """

    prompt: ResolvedPrompt
    parameters: Mapping[str, Any]
    models: Sequence[str] = ()


def _add(total: int | None, cost: int | None, times: int) -> int | None:
    return None if total is None or cost is None else total + cost * times


def make_plan(
    preparation: Preparation,
    prices: Prices,
    find_judge: Callable[[SuitePart], ResolvedPrompt | None] = lambda _part: None,
    *,
    embedding: str | None = None,
    stand_in: str | None = None,
) -> EvalPlan:
    """Estimate a run. Questions that cannot be rendered count as zero; the run reports them.

    Args:
        preparation: the prepared run.
        prices: the models' prices.
        find_judge: returns the judge prompt of a suite.
        embedding: the embedding model, if any.
        stand_in: the model that answers instead of every other one, if any.
    """
    plan = EvalPlan()
    for part in preparation.parts:
        states = [one for one in (part.change, part.baseline) if one is not None]
        asks = [_Asks(one, one.prompt.request_parameters, list_models(one)) for one in states]
        plan.samples += len(part.samples) * len(part.models)
        judge = find_judge(part)
        for sample in render_ahead(part.samples, states, lambda sample: sample):
            for index, state in enumerate(asks):
                for asked in part.models:
                    model = part.baseline_model if index and part.baseline_model else asked
                    models = [model]
                    if part.follows:
                        models += [one for one in state.models if one != model]
                    models = models if stand_in is None else [stand_in]
                    _count(plan, state, sample, models, prices, is_baseline=index > 0)
                    if judge is not None:
                        ruling = stand_in or judge.model
                        _count_judge(plan, state, judge, sample, prices, model=ruling)
                    if embedding is not None:
                        _count_embedding(plan, state, sample, embedding, prices)
    return plan


def plan_questions(
    state: ResolvedPrompt,
    inputs: Mapping[str, object],
    model: str,
    prices: Prices,
    *,
    times: int,
    extra_tokens: int = 0,
) -> EvalPlan:
    """Estimate some questions of one prompt outside of suites.

    Args:
        state: the prompt.
        inputs: the inputs of the first question.
        model: the model.
        prices: the models' prices.
        times: the maximum number of questions.
        extra_tokens: the maximum number of additional tokens of a later question.
    """
    plan = EvalPlan(calls=times)
    asks = _Asks(state, state.prompt.request_parameters)
    plan.add(_measure(asks, inputs, model, prices, more=extra_tokens), times)
    return plan


def _count(
    plan: EvalPlan,
    state: _Asks,
    sample: Sample,
    models: Sequence[str],
    prices: Prices,
    *,
    is_baseline: bool,
) -> None:
    """Count the trials of a sample with one state: a question, and each further turn.

    The first model is assumed for the estimate, and the most expensive one for the maximum cost.
    """
    plan.trials += sample.trials
    inputs = side_inputs(state.prompt, sample, is_baseline=is_baseline)
    most = state.parameters.get("max_tokens")
    answer = most if isinstance(most, int) else 0
    said = 0
    for turn in (None, *sample.turns):
        if turn is not None:
            # The conversation so far is sent again: add the answer and the user's next message.
            said += answer + len(turn.user.encode("utf-8", "replace")) + 2 * _MESSAGE_TOKENS
        plan.calls += sample.trials
        measures = [_measure(state, inputs, one, prices, more=said) for one in models]
        most = None
        if all(one.most is not None for one in measures):
            most = max(one.most or 0 for one in measures)
        plan.add(measures[0]._replace(most=most), sample.trials)


def _count_judge(
    plan: EvalPlan,
    state: _Asks,
    judge: ResolvedPrompt,
    sample: Sample,
    prices: Prices,
    *,
    model: str,
) -> None:
    """Count the possible calls of judges about a sample's answers."""
    most = state.parameters.get("max_tokens")
    answer = _BYTES_OF_TOKEN * most if isinstance(most, int) else 0
    for check in _find_checks(list_checks(sample), _QUESTIONS):
        times = _QUESTIONS[check.scorer] * sample.trials
        plan.judged += times
        more = answer * _QUESTIONS[check.scorer] + len(repr(check.argument))
        asked = {"task": "", "answer": "", "criteria": ["?"], "reference": ""}
        asks = _Asks(judge, judge.prompt.request_parameters)
        measure = _measure(asks, asked, model, prices, more=more)
        if not isinstance(most, int) and measure.most:
            measure = measure._replace(most=None)
        plan.add(measure, times)


def _count_embedding(
    plan: EvalPlan, state: _Asks, sample: Sample, model: str, prices: Prices
) -> None:
    """Count the possible embeddings of a sample's answers and of their reference texts."""
    price = prices.find(model)
    most = state.parameters.get("max_tokens")
    for check in _find_checks(list_checks(sample), ("similar",)):
        plan.embedded += sample.trials
        tokens = len(repr(check.argument).encode("utf-8", "replace"))
        tokens += most if isinstance(most, int) else 0
        likely = None if price is None else price.cost(tokens // _USUAL_SHARE, 0)
        highest = None if price is None else price.cost(tokens, 0)
        if not isinstance(most, int) and highest:
            highest = None
        plan.add(_PlanMeasure(tokens, likely, highest), sample.trials)


def _find_checks(checks: Iterable[Check], scorers: Container[str]) -> Iterator[Check]:
    """Yield the checks with one of these scorers, including parts of composed checks."""
    for check in checks:
        if check.parts:
            yield from _find_checks(check.parts, scorers)
        elif check.scorer in scorers:
            yield check


def _measure(
    state: _Asks,
    inputs: Mapping[str, object],
    model: str,
    prices: Prices,
    *,
    more: int = 0,
) -> _PlanMeasure:
    """Estimate one question; `more` is the number of tokens besides the rendered prompt."""
    try:
        messages = state.prompt.prompt.render(inputs)
    except PromptopsError:
        return _NOTHING
    parameters = state.parameters
    counted = count_tokens(messages, parameters, model)
    tokens, likely = counted.tokens + more, counted.likely + more // _USUAL_SHARE
    price = prices.find(model)
    if price is None:
        return _PlanMeasure(tokens, None, None)
    if price.is_free:
        return _PlanMeasure(tokens, 0, 0)
    most = parameters.get("max_tokens")
    if not isinstance(most, int):
        return _PlanMeasure(tokens, price.cost(likely, likely), None)
    return _PlanMeasure(tokens, price.cost(likely, most // _USUAL_SHARE), price.cost(tokens, most))
