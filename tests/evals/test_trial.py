"""One trial of one sample: what is asked, what counts, and which side of an error it ends on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.asking import Asker
from promptops.evals.result import SampleOutcome, Trial
from promptops.evals.scorers.scorer import Context
from promptops.evals.tape import Tape, TapePlace
from promptops.evals.trial import (
    BASELINE,
    CHANGE,
    Case,
    IncomparableError,
    Scoring,
    render_ahead,
    run_trial,
    side_inputs,
)
from promptops.prompt.suite.suite import Check, Outcome, Sample, ToolAnswer, Turn
from promptops.runtime.models.model import ModelError, ToolCall
from tests.evals.pieces import MODEL, PlayedModels, make_answer, make_tools, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.evals.scorers.scorer import ScorerQuestion
    from promptops.runtime.models.model import Answer, Request

ASK = resolve()
PASSES, FAILS = Check("contains", "yes"), Check("contains", "no")
# Functions of a repository are not run here, so this check can only be an error.
BROKEN = Check("python", "evals/f.py:polite")
JUDGED = Check("rubric", "It is polite.")


def make_sample(*checks: Check, **values: Any) -> Sample:
    return Sample("a", {"question": "Why?"}, checks, **values)


def run(
    sample: Sample,
    reply: str | Callable[[Request], Answer] = "yes",
    scoring: Scoring | None = None,
    **values: Any,
) -> tuple[Trial, PlayedModels]:
    """Run a trial; give it with the models that were asked."""

    async def answer(request: Request) -> Answer:
        return make_answer(reply) if isinstance(reply, str) else reply(request)

    models = PlayedModels(answer)
    place = TapePlace("a", MODEL, values.pop("side", CHANGE))
    case = Case(values.pop("resolved", ASK), sample, Tape("a"), place, 1, **values)
    trial = asyncio.run(run_trial(Asker(make_tools(models)), scoring or Scoring(), case))
    return trial, models


def rule(*, met: bool) -> tuple[Scoring, list[ScorerQuestion]]:
    """Return a judge that always rules the same, and what it was asked."""
    asked: list[ScorerQuestion] = []

    def judge(question: ScorerQuestion) -> Mapping[str, Any]:
        asked.append(question)
        return {"criteria": [{"met": met, "reason": "so"}]}

    return Scoring(open_judge=lambda *_: judge), asked


def test_every_check_has_to_be_met() -> None:
    trial, _ = run(make_sample(PASSES, FAILS))
    assert (trial.outcome, trial.score, trial.answer) == (SampleOutcome.FAILED, 0.5, "yes")
    assert [one.is_met for one in trial.checks] == [True, False]
    assert run(make_sample(PASSES))[0].outcome is SampleOutcome.PASSED
    assert (trial.cost_micros, trial.is_replayed) == (20, False)


@pytest.mark.parametrize(("threshold", "passes"), [(0.75, True), (0.76, False)])
def test_with_a_threshold_the_weighted_mean_counts(threshold: float, passes: bool) -> None:
    sample = make_sample(replace(PASSES, weight=3), FAILS, threshold=threshold)
    trial, _ = run(sample)
    assert trial.score == 0.75
    assert (trial.outcome is SampleOutcome.PASSED) is passes


def test_a_model_that_fails_is_an_error_of_the_call() -> None:
    def fail(_request: Request) -> Answer:
        raise ModelError(
            "it is out", model=MODEL, kind="status", status=400, is_sent=True, hint="wait"
        )

    trial, _ = run(make_sample(PASSES), fail)
    assert (trial.outcome, trial.stage) == (SampleOutcome.ERROR, "call")
    assert (trial.error, trial.score) == ("it is out (wait)", None)


def test_a_scorer_that_fails_is_an_error_that_keeps_the_answer() -> None:
    trial, _ = run(make_sample(BROKEN))
    assert (trial.outcome, trial.stage) == (SampleOutcome.ERROR, "score")
    assert trial.error is not None
    assert "are disabled here" in trial.error
    assert (trial.answer, trial.cost_micros) == ("yes", 20)


@pytest.mark.parametrize(
    ("outcome", "inputs", "passes"),
    [
        (Outcome.SUCCESS, {"question": 7}, False),
        (Outcome.ERROR, {"question": 7}, True),
        (Outcome.ERROR, {"question": "Why?"}, False),
    ],
)
def test_inputs_may_be_meant_to_be_refused(
    outcome: Outcome, inputs: dict[str, Any], passes: bool
) -> None:
    trial, models = run(Sample("a", inputs, outcome=outcome))
    assert (trial.outcome is SampleOutcome.PASSED) is passes
    assert len(models.requests) == (inputs["question"] == "Why?")


def test_a_refusal_may_be_what_is_wanted() -> None:
    sample = make_sample(outcome=Outcome.REFUSAL)
    assert run(sample, "I can't help with that.")[0].outcome is SampleOutcome.PASSED
    assert run(sample, "Sure.")[0].outcome is SampleOutcome.FAILED


def test_an_answer_that_does_not_fit_its_schema_fails() -> None:
    strict = resolve(output="{type: object}")
    trial, _ = run(make_sample(PASSES), resolved=strict)
    assert trial.outcome is SampleOutcome.FAILED
    assert [one.label for one in trial.checks] == ["outcome", "contains"]


def test_a_baseline_with_other_inputs_is_not_compared_with() -> None:
    other = resolve(inputs="{ticket: string}", body="{{ ticket }}")
    with pytest.raises(IncomparableError):
        run(make_sample(PASSES), resolved=other, side=BASELINE)
    assert run(make_sample(PASSES), resolved=other)[0].outcome is SampleOutcome.FAILED


def test_the_baseline_is_not_given_inputs_that_it_does_not_know() -> None:
    sample = Sample(
        "a", {"question": "Why?", "new": 1}, history=({"role": "user", "content": "Hi"},)
    )
    history = [{"role": "user", "content": "Hi"}]
    assert side_inputs(ASK, sample, is_baseline=True) == {"question": "Why?", "history": history}
    assert side_inputs(ASK, sample, is_baseline=False) == {**sample.inputs, "history": history}
    refused = replace(sample, outcome=Outcome.ERROR)
    assert side_inputs(ASK, refused, is_baseline=True)["new"] == 1


def test_each_turn_is_asked_and_checked_by_itself() -> None:
    def count(request: Request) -> Answer:
        return make_answer(f"answer to {len(request.messages)}")

    turns = (Turn("And?", (Check("contains", "to 3"),)), Turn("So?", (Check("contains", "to 9"),)))
    trial, models = run(make_sample(Check("contains", "to 1"), turns=turns), count)
    assert (trial.earlier, trial.answer) == (("answer to 1", "answer to 3"), "answer to 5")
    assert [one.is_met for one in trial.checks] == [True, True, False]
    assert trial.checks[2].reason.startswith("answer 3 of 3: ")
    assert [one["content"] for one in models.requests[-1].messages] == [
        *("Answer Why?", "answer to 1", "And?", "answer to 3", "So?")
    ]
    assert trial.cost_micros == 60


def call_tool(name: str, **arguments: Any) -> Callable[[Request], Answer]:
    """Return a model that calls a tool until it is answered, and then repeats what it was told."""

    def answer(request: Request) -> Answer:
        last = request.messages[-1]
        if last["role"] == "tool":
            return make_answer(f"told {last['content']}")
        return replace(make_answer(""), tool_calls=(ToolCall("1", name, json.dumps(arguments)),))

    return answer


def test_a_tool_is_answered_by_the_first_that_fits() -> None:
    tools = (
        ToolAnswer("find", {"id": 1}, "one"),
        ToolAnswer("find", {}, "any"),
        ToolAnswer("other", {}, "other"),
    )
    sample = make_sample(Check("tool_calls", ["find"]), tools=tools)
    assert run(sample, call_tool("find", id=1, more=2))[0].answer == "told one"
    trial, _ = run(sample, call_tool("find", id=2))
    assert (trial.answer, trial.outcome) == ("told any", SampleOutcome.PASSED)


def test_a_tool_without_an_answer_is_an_error() -> None:
    trial, _ = run(
        make_sample(tools=(ToolAnswer("find", {"id": 1}, "one"),)), call_tool("find", id=2)
    )
    assert trial.outcome is SampleOutcome.ERROR
    assert trial.error is not None
    assert "has no answer of the tool 'find'" in trial.error


def test_a_model_that_only_calls_tools_is_stopped() -> None:
    def again(_request: Request) -> Answer:
        return replace(make_answer(""), tool_calls=(ToolCall("1", "find", "{}"),))

    trial, models = run(make_sample(tools=(ToolAnswer("find", {}, "one"),)), again)
    assert trial.outcome is SampleOutcome.ERROR
    assert "called tools 16 times" in (trial.error or "")
    assert len(models.requests) == 17


def test_a_judge_is_asked_only_about_answers_that_may_still_pass() -> None:
    scoring, asked = rule(met=True)
    trial, _ = run(make_sample(JUDGED, FAILS), scoring=scoring)
    assert asked == []
    assert [(one.label, one.score) for one in trial.checks] == [("contains", 0.0), ("rubric", None)]
    run(make_sample(JUDGED, FAILS), scoring=replace(scoring, asks_always=True))
    run(make_sample(JUDGED, FAILS, threshold=0.5), scoring=scoring)
    run(make_sample(JUDGED, PASSES), scoring=scoring)
    assert [(one.task, one.answer) for one in asked] == [("Answer Why?", "yes")] * 3


def test_a_judge_that_was_not_measured_is_shown_and_does_not_count() -> None:
    scoring, _ = rule(met=False)
    scoring = replace(scoring, judge_counts=False)
    trial, _ = run(make_sample(JUDGED, PASSES), scoring=scoring)
    assert (trial.outcome, trial.score) == (SampleOutcome.PASSED, 1.0)
    assert trial.checks[1].reason.startswith("not counted, ")
    alone, _ = run(make_sample(JUDGED), scoring=scoring)
    assert alone.outcome is SampleOutcome.ERROR
    assert "no check is counted" in (alone.error or "")


def test_a_comparison_is_made_on_one_side_only() -> None:
    def prefer(question: ScorerQuestion) -> Mapping[str, Any]:
        first = question.answer.startswith("The first answer:\n\nyes")
        return {"criteria": [{"met": first}, {"met": not first}]}

    scoring = Scoring(Context(), open_judge=lambda *_: prefer)
    sample = make_sample(Check("preference", "kinder"), PASSES)
    trial, _ = run(sample, scoring=scoring, baseline=["no"])
    assert [(one.label, one.score) for one in trial.checks] == [
        ("contains", 1.0),
        ("preference", 1.0),
    ]
    baseline, _ = run(sample, scoring=scoring, side=BASELINE)
    assert [one.label for one in baseline.checks] == ["contains"]
    assert baseline.outcome is SampleOutcome.PASSED
    itself, _ = run(sample, scoring=scoring, is_baseline=True)
    assert [one.score for one in itself.checks] == [1.0, 0.5]


def test_rendering_ahead_keeps_the_order() -> None:
    samples = [Sample(f"s{number}", {"question": str(number)}) for number in range(130)]
    assert list(render_ahead(samples, [ASK, ASK], lambda one: one)) == samples
