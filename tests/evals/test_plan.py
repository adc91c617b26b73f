"""The estimate of a run: questions, tokens, and the most that it can cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.plan import make_plan, plan_questions
from promptops.evals.preparation import Preparation, SuitePart
from promptops.evals.result import TrialState
from promptops.evals.tape import Tape
from promptops.prompt.suite.suite import Check, Sample, Suite, Turn
from promptops.repository.prices import Prices
from tests.evals.pieces import MODEL, SETTINGS, resolve

if TYPE_CHECKING:
    from promptops.evals.plan import EvalPlan

STATE = TrialState("work tree", "1.0.0", "sha256:0")
PRICES = Prices(SETTINGS)
ASK = resolve()
JUDGE = resolve(
    "judge",
    "{{ task }}{{ answer }}{{ criteria }}{{ reference }}",
    model="house/judge",
    inputs="{task: string, answer: string, criteria: {type: array}, reference: string}",
)


def make_sample(*checks: Check, question: str = "Why?", **values: Any) -> Sample:
    return Sample("a", {"question": question}, checks, **values)


def plan(*samples: Sample, models: tuple[str, ...] = (MODEL,), **values: Any) -> EvalPlan:
    options = {key: values.pop(key) for key in ("embedding", "stand_in") if key in values}
    judge = values.pop("judge", None)
    state = values.pop("change", ASK)
    suite = Suite("evals/ask.yaml", "ask", samples)
    part = SuitePart(suite, "sha256:1", state, STATE, models, samples, Tape("a"), "a", **values)
    return make_plan(Preparation((part,), False), PRICES, lambda _part: judge, **options)


def test_each_trial_of_each_sample_with_each_model_is_a_call() -> None:
    found = plan(make_sample(trials=3), make_sample(), models=(MODEL, "house/two"))
    assert (found.samples, found.trials, found.calls) == (4, 8, 8)
    both = plan(make_sample(trials=3), make_sample(), baseline=ASK)
    assert (both.samples, both.trials, both.calls) == (2, 8, 8)


def test_an_answer_may_cost_as_much_as_its_prompt_allows() -> None:
    found = plan(make_sample(trials=2))
    assert found.highest_micros == found.tokens + 2 * 2 * 50
    assert found.estimated_micros is not None
    assert 0 < found.estimated_micros < found.highest_micros


def test_what_has_no_price_or_no_limit_has_no_highest_cost() -> None:
    unknown = plan(make_sample(), models=("nowhere/model",))
    assert (unknown.estimated_micros, unknown.highest_micros) == (None, None)
    unbounded = plan(make_sample(), change=resolve(max_tokens=""))
    assert unbounded.estimated_micros is not None
    assert unbounded.highest_micros is None
    free = plan(make_sample(), change=resolve(max_tokens=""), stand_in="echo/one")
    assert (free.estimated_micros, free.highest_micros) == (0, 0)


def test_a_conversation_is_sent_again_with_each_turn() -> None:
    one = plan(make_sample())
    two = plan(make_sample(turns=(Turn("And?"),)))
    assert (two.trials, two.calls) == (1, 2)
    # The question, the longest answer to it, and the next message.
    assert two.tokens > 2 * one.tokens + 50


def test_a_judge_may_be_asked_about_each_answer() -> None:
    checks = [
        *(Check("rubric", "It is kind."), Check("preference", "kinder"), Check("contains", "a")),
        Check("any", (), parts=(Check("factual", "In 30 days."),)),
    ]
    found = plan(make_sample(*checks, trials=2), judge=JUDGE)
    assert found.judged == 2 * (1 + 2 + 1)
    assert found.calls == 2
    alone = plan(make_sample(*checks, trials=2))
    assert (alone.judged, found.tokens > alone.tokens) == (0, True)


def test_embeddings_are_counted_where_there_is_a_model() -> None:
    sample = make_sample(Check("similar", ["a", "b"]), trials=2)
    assert plan(sample).embedded == 0
    assert plan(sample, embedding="house/words").embedded == 2


def test_the_dearest_model_that_may_answer_is_the_highest_cost() -> None:
    cheap = resolve(model="echo/one", fallbacks=f"[{MODEL}]")
    found = plan(make_sample(), models=("echo/one",), change=cheap, follows=True)
    assert found.estimated_micros == 0
    assert found.highest_micros == plan(make_sample()).highest_micros
    assert plan(make_sample(), models=("echo/one",), change=cheap).highest_micros == 0


def test_a_question_that_cannot_be_rendered_costs_nothing() -> None:
    found = plan(Sample("a", {"question": 7}))
    assert (found.calls, found.tokens, found.highest_micros) == (1, 0, 0)


@pytest.mark.parametrize("extra", [0, 400])
def test_questions_outside_of_suites_are_estimated(extra: int) -> None:
    one = plan(make_sample())
    found = plan_questions(ASK, {"question": "Why?"}, MODEL, PRICES, times=3, extra_tokens=extra)
    assert (found.calls, found.tokens) == (3, 3 * (one.tokens + extra))
    assert one.highest_micros is not None
    assert found.highest_micros == 3 * (one.highest_micros + extra)
