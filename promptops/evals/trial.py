"""Run one trial of one sample: render, ask turn by turn, check the answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from promptops.errors import InputError, PromptopsError, RefusedError, TemplateError
from promptops.evals.cap import CapError
from promptops.evals.cluster import ClusterError
from promptops.evals.question import QuestionPlace
from promptops.evals.result import CheckOutcome, SampleOutcome, Trial
from promptops.evals.scorers.refusal import score as score_refusal
from promptops.evals.scorers.registry import cheapest_first, cost_of, judge_check
from promptops.evals.scorers.scorer import Context, Cost, JudgedAnswer, ScorerError
from promptops.evals.scorers.texts import quoted
from promptops.evals.scorers.values import difference
from promptops.evals.tape import MissingError, TapePlace
from promptops.prompt.suite.suite import Outcome as Wanted
from promptops.runtime.guards.breaker import BreakerOpenError
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.models.model import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from promptops.evals.asking import Asker
    from promptops.evals.question import Asked
    from promptops.evals.scorers.scorer import Embed, ScorerQuestion
    from promptops.evals.tape import Tape
    from promptops.prompt.suite.suite import Check, Sample, ToolAnswer
    from promptops.runtime.models.model import ToolCall
    from promptops.runtime.resolution import ResolvedPrompt

    Judge = Callable[[ScorerQuestion], Mapping[str, Any]]

T = TypeVar("T")
CHANGE = "change"
BASELINE = "baseline"
# More rounds of tool calls count as an endless loop.
_MAX_ROUNDS = 16
# The number of samples to render together.
_AHEAD = 64
_ROUNDING = 1e-9
_NOT_COUNTED = "the judge's agreement with people is too low or was not measured"


class IncomparableError(PromptopsError):
    """A sample cannot run with the baseline, which has other inputs."""

    page = "docs/evals.md"


@dataclass(frozen=True, slots=True)
class Scoring:
    """The context of checks.

    Attributes:
        context: the common context of all trials.
        open_judge: makes the judge of a trial, whose calls are recorded in the trial's tape.
        open_embed: makes the embedding of a trial.
        asks_always: whether expensive checks also run on answers that failed cheap ones.
        judge_counts: whether the judge's rulings count; otherwise they are only shown.
    """

    context: Context = field(default_factory=Context)
    open_judge: Callable[[Tape, TapePlace, int], Judge] | None = None
    open_embed: Callable[[Tape, TapePlace, int], Embed] | None = None
    asks_always: bool = False
    judge_counts: bool = True


class Case(NamedTuple):
    """The input of one trial: prompt, sample and place.

    Attributes:
        resolved: the prompt.
        sample: the sample.
        tape: the recorded answers, to which new ones are added.
        place: the sample, model and side.
        number: the trial's number, from 1.
        baseline: the baseline's answers, one for each turn, if any.
        follows: whether models are chosen as in production; see `QuestionPlace`.
        is_baseline: whether the prompt is itself the baseline, so that nothing can be compared.
    """

    resolved: ResolvedPrompt
    sample: Sample
    tape: Tape
    place: TapePlace
    number: int
    baseline: Sequence[str] | None = None
    follows: bool = False
    is_baseline: bool = False


@dataclass(slots=True)
class _TrialCourse:
    """The state of a trial."""

    checks: list[CheckOutcome] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""
    earlier: list[str] = field(default_factory=list)
    stage: str = "render"
    has_mean: bool = False

    @property
    def seconds(self) -> float:
        """The duration of its calls."""
        if len(self.asked) == 1:
            return self.asked[0].latency_seconds
        return sum(one.latency_seconds for one in self.asked)

    @property
    def cost_micros(self) -> int | None:
        """The cost of its calls, in micro-dollars; None if unknown."""
        if len(self.asked) == 1:
            return self.asked[0].cost_micros
        known = [one.cost_micros for one in self.asked]
        return None if None in known else sum(one or 0 for one in known)


async def run_trial(asker: Asker, scoring: Scoring, case: Case) -> Trial:
    """Run a trial. Errors become its outcome.

    Args:
        asker: asks the model.
        scoring: the context of checks.
        case: the prompt, sample and place.

    Raises:
        MissingError, CapError, GuardError: no answer is available.
        IncomparableError: the baseline has other inputs than the sample.
    """
    sample = case.sample
    course = _TrialCourse(has_mean=sample.threshold is not None)
    try:
        await _converse(course, asker, scoring, case)
    except (InputError, TemplateError) as error:
        is_other = isinstance(error, InputError) and sample.outcome is not Wanted.ERROR
        if is_other and case.place.side == BASELINE:
            raise IncomparableError(error.message) from error
        return _end_early(course, case, error)
    except (CapError, GuardError):
        raise
    except (ModelError, BreakerOpenError, RefusedError, ScorerError) as error:
        # A judge's calls have the same limits.
        if isinstance(error.__cause__, (MissingError, CapError, ClusterError, GuardError)):
            raise error.__cause__ from None
        return _finish(course, case, SampleOutcome.ERROR, error)
    return _finish(course, case, _judge(course, sample))


def _end_early(course: _TrialCourse, case: Case, error: PromptopsError) -> Trial:
    """Return the trial of a prompt that could not be rendered; the sample may expect that."""
    is_met = case.sample.outcome is Wanted.ERROR
    course.checks.append(CheckOutcome("outcome", float(is_met), is_met, error.message))
    course.weights.append(1.0)
    return _finish(course, case, SampleOutcome.PASSED if is_met else SampleOutcome.FAILED)


def _finish(
    course: _TrialCourse,
    case: Case,
    outcome: SampleOutcome,
    error: PromptopsError | None = None,
) -> Trial:
    score = None if outcome is SampleOutcome.ERROR else _mean(course)
    last = course.asked[-1] if course.asked else None
    return Trial(
        case.number,
        outcome,
        score,
        course.text,
        tuple(course.checks),
        None if error is None else describe_error(error),
        None if error is None else course.stage,
        course.cost_micros,
        course.seconds if course.asked else None,
        last is not None and all(one.is_replayed for one in course.asked),
        None if last is None else last.answer.response_id,
        None if last is None else last.answer.served_model,
        None if last is None or last.model == case.place.model else last.model,
        any(one.is_degraded for one in course.asked),
        None if last is None else last.answer.fingerprint,
        tuple(course.earlier),
    )


def describe_error(error: PromptopsError) -> str:
    """Return an error and its hint on one line."""
    return error.message if error.hint is None else f"{error.message} ({error.hint})"


def _mean(course: _TrialCourse) -> float:
    total = scored = 0.0
    for one, weight in zip(course.checks, course.weights, strict=True):
        total += weight
        scored += (one.score or 0.0) * weight
    return scored / total if total else 1.0


def _judge(course: _TrialCourse, sample: Sample) -> SampleOutcome:
    """Return the outcome of a complete trial."""
    if sample.threshold is not None:
        outcome = [one for one in course.checks if one.label == "outcome"]
        is_passed = _mean(course) >= sample.threshold - _ROUNDING
        is_passed = is_passed and all(one.is_met for one in outcome)
    else:
        is_passed = all(one.is_met for one in course.checks)
    return SampleOutcome.PASSED if is_passed else SampleOutcome.FAILED


async def _converse(course: _TrialCourse, asker: Asker, scoring: Scoring, case: Case) -> None:
    """Ask the first question and that of each turn; check each answer."""
    sample = case.sample
    at = QuestionPlace(case.tape, case.place, case.number, case.follows)
    course.stage = "call"
    inputs = side_inputs(case.resolved, sample, is_baseline=case.place.side == BASELINE)
    asked = await asker.start(case.resolved, inputs, at)
    if sample.turns or sample.tools:
        course.messages = [dict(one) for one in asked.messages]
    task = ""
    if scoring.open_judge is not None:
        # Only judges need the task.
        task = _describe_task(asked.messages)
    context = Context(
        task,
        sample.inputs,
        None if scoring.open_judge is None else scoring.open_judge(*at[:3]),
        None if scoring.open_embed is None else scoring.open_embed(*at[:3]),
        root=scoring.context.root,
        allows_python=scoring.context.allows_python,
    )
    steps: list[tuple[str | None, Sequence[Check]]] = [(None, sample.checks)]
    if sample.turns:
        steps += [(turn.user, turn.checks) for turn in sample.turns]
    for turn, (user, checks) in enumerate(steps):
        course.stage = "call"
        if user is not None:
            course.messages.append({"role": "assistant", "content": course.text})
            course.messages.append({"role": "user", "content": user})
            asked = await asker.go_on(asked, course.messages, at)
            course.earlier.append(course.text)
        asked = await _answer_tools(course, asker, sample.tools, asked, at)
        course.stage = "score"
        answer = JudgedAnswer(
            asked.answer.text,
            tuple(course.calls),
            asked.answer.finish,
            course.seconds,
            course.cost_micros,
        )
        if user is None:
            _check_outcome(course, sample, asked, answer, context)
        chosen = checks
        if case.place.side == BASELINE:
            chosen = tuple(one for one in checks if not _compares(one))
        told = _add_turn(context, course, case, turn)
        first = len(course.checks)
        await _check(course, chosen, answer, told, scoring)
        if sample.turns:
            which = f"answer {turn + 1} of {len(steps)}"
            course.checks[first:] = (
                replace(one, reason=f"{which}: {one.reason}") for one in course.checks[first:]
            )
    if course.checks and not any(course.weights):
        raise ScorerError(
            f"no check is counted: {_NOT_COUNTED}",
            hint="promptops eval calibrate --write measures it",
        )


def _add_turn(context: Context, course: _TrialCourse, case: Case, turn: int) -> Context:
    """Add a turn's data to the context: earlier messages for judges, the baseline's answer."""
    if turn and context.judge is not None:
        context = replace(context, task=_describe_task(course.messages))
    if case.is_baseline:
        # The baseline's answer is its own one.
        return replace(context, baseline=course.text)
    return context if case.baseline is None else replace(context, baseline=case.baseline[turn])


def _describe_task(messages: Iterable[Mapping[str, Any]]) -> str:
    return "\n\n".join([str(one.get("content") or "") for one in messages])


def side_inputs(resolved: ResolvedPrompt, sample: Sample, *, is_baseline: bool) -> dict[str, Any]:
    """Return a sample's inputs for a prompt.

    Inputs that the change adds are left out for the baseline.
    """
    inputs = dict(sample.inputs)
    if is_baseline and sample.outcome is not Wanted.ERROR:
        inputs = {name: one for name, one in inputs.items() if name in resolved.inputs}
    if sample.history:
        inputs["history"] = [dict(one) for one in sample.history]
    return inputs


def render_ahead(
    items: Iterable[T], states: Sequence[ResolvedPrompt], sample_of: Callable[[T], Sample]
) -> Iterator[T]:
    """Yield the items, after rendering their prompts in batches.

    Args:
        items: samples, or objects that have one.
        states: the prompts: the change, then the baseline if any.
        sample_of: returns an item's sample.
    """
    iterator = iter(items)
    while chunk := list(islice(iterator, _AHEAD)):
        for index, state in enumerate(states):
            state.prompt.render_ahead(
                side_inputs(state, sample_of(one), is_baseline=index > 0) for one in chunk
            )
        yield from chunk


def _compares(check: Check) -> bool:
    """Return whether a check compares with the baseline; such a check is not run on the
    baseline.
    """
    return check.scorer == "preference" or any(map(_compares, check.parts))


async def _answer_tools(
    course: _TrialCourse,
    asker: Asker,
    tools: Sequence[ToolAnswer],
    asked: Asked,
    at: QuestionPlace,
) -> Asked:
    """Answer tool calls with the sample's scripted answers, until the model answers with text."""
    for _round in range(_MAX_ROUNDS):
        course.asked.append(asked)
        course.text = asked.answer.text
        calls = asked.answer.tool_calls
        if not calls:
            return asked
        course.calls += calls
        if not tools:
            return asked
        replies = [_reply(call, tools) for call in calls]
        if None in replies:
            call = asked.answer.tool_calls[replies.index(None)]
            text = (
                f"the sample has no answer of the tool '{call.name}' for the arguments "
                f"{quoted(call.arguments)}"
            )
            raise ScorerError(text, hint="add one below 'tools'")
        course.messages.append(
            {
                "role": "assistant",
                "content": asked.answer.text or None,
                "tool_calls": [
                    {
                        "id": one.id,
                        "type": "function",
                        "function": {"name": one.name, "arguments": one.arguments},
                    }
                    for one in asked.answer.tool_calls
                ],
            }
        )
        course.messages += (
            {"role": "tool", "tool_call_id": one.id, "content": reply}
            for one, reply in zip(asked.answer.tool_calls, replies, strict=True)
        )
        asked = await asker.go_on(asked, course.messages, at)
    raise ScorerError(f"the model called tools {_MAX_ROUNDS} times and did not answer")


def _reply(call: ToolCall, tools: Sequence[ToolAnswer]) -> str | None:
    """Return the scripted answer to a call: the first one with its name and matching arguments."""
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        given = None
    for tool in tools:
        if tool.name != call.name:
            continue
        if not tool.arguments or difference(given, dict(tool.arguments), subset=True) is None:
            return tool.result
    return None


def _check_outcome(
    course: _TrialCourse, sample: Sample, asked: Asked, answer: JudgedAnswer, context: Context
) -> None:
    """Compare how the run ended with the sample's expected outcome."""
    if sample.outcome is Wanted.REFUSAL:
        refusal = score_refusal(answer, True, context)
        met, reason = refusal.value >= 1, refusal.reason
    elif sample.outcome is Wanted.ERROR:
        met = asked.fault is not None
        reason = "it answered" if asked.fault is None else asked.fault.message
    elif asked.fault is not None:
        met, reason = False, asked.fault.message
    else:
        return
    course.checks.append(CheckOutcome("outcome", float(met), met, reason))
    course.weights.append(1.0)


async def _check(
    course: _TrialCourse,
    checks: Sequence[Check],
    answer: JudgedAnswer,
    context: Context,
    scoring: Scoring,
) -> None:
    """Run an answer's checks, cheapest first; skip expensive ones if it cannot pass any more."""
    for check, cost in _order(checks):
        if cost <= Cost.LIBRARY:
            score, is_met = judge_check(check, answer, context)
            outcome = _make_outcome(check.label, score.value, is_met, score.reason)
            course.checks.append(outcome)
            course.weights.append(check.weight)
            continue
        is_dear = cost >= Cost.EMBEDDING and not scoring.asks_always and not course.has_mean
        if is_dear and not all(one.is_met for one in course.checks):
            outcome = CheckOutcome(check.label, None, False, "not asked: another check failed")
        else:
            # In a thread: they wait for a process or a model, and other trials must go on.
            score, is_met = await asyncio.to_thread(judge_check, check, answer, context)
            outcome = _make_outcome(check.label, score.value, is_met, score.reason)
        is_counted = scoring.judge_counts or cost is not Cost.JUDGE
        if not is_counted:
            why = f"not counted, {_NOT_COUNTED}: {outcome.reason}"
            outcome = CheckOutcome(check.label, outcome.score, True, why)
        course.checks.append(outcome)
        course.weights.append(check.weight if is_counted else 0.0)


class _Ordered(NamedTuple):
    """Checks with their costs, cheapest first."""

    checks: Sequence[Check]
    ordered: tuple[tuple[Check, Cost], ...]


# Samples from rows share their checks.
_ORDERED: dict[int, _Ordered] = {}
_MAX_ORDERED = 64


def _order(checks: Sequence[Check]) -> tuple[tuple[Check, Cost], ...]:
    """Return checks with their costs, in the order of execution."""
    known = _ORDERED.get(id(checks))
    if known is None or known.checks is not checks:
        if len(_ORDERED) >= _MAX_ORDERED:
            _ORDERED.clear()
        ordered = tuple((one, cost_of(one)) for one in cheapest_first(checks))
        known = _ORDERED[id(checks)] = _Ordered(checks, ordered)
    return known.ordered


# Share equal strings, because most answers have one of a few reasons.
@lru_cache(maxsize=4096)
def _make_outcome(label: str, score: float, is_met: bool, reason: str) -> CheckOutcome:  # noqa: FBT001 - as the record has it
    return CheckOutcome(label, score, is_met, reason)
