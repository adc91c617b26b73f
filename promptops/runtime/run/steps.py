"""The steps of a run: prepare, ask the models in turn, validate the answer, escalate.

The steps are the same in a thread, on an event loop and in a stream; only waiting differs. So they
are written here once, as generators of commands.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promptops.errors import PromptopsError, TemplateError
from promptops.runtime.answers import Flight, Kept
from promptops.runtime.guards.breaker import BreakerOpenError
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.log.record import AttemptRecord, Decision, RunReview
from promptops.runtime.models.model import NO_USAGE, UNKNOWN_USAGE, ModelError, Request, Usage
from promptops.runtime.redaction import hide
from promptops.runtime.run.commands import (
    Admit,
    Begin,
    Call,
    Land,
    Recall,
    Report,
    Reserve,
    Settle,
    Sleep,
)
from promptops.runtime.run.conditions import holds
from promptops.runtime.run.output import OutputError, check_rules, read_data, set_reply
from promptops.runtime.run.preparation import prepare
from promptops.runtime.run.request import (
    cache_key,
    estimate,
    name_request,
)
from promptops.runtime.run.retry import Next, choose_next, delay_seconds, is_alarming
from promptops.runtime.safety.error import SafetyError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from promptops.runtime.guards.breaker import Permit
    from promptops.runtime.guards.reservation import Reservation
    from promptops.runtime.guards.windows import Scope
    from promptops.runtime.models.model import Answer
    from promptops.runtime.run.commands import Command, RunFacts
    from promptops.runtime.run.course import Course
    from promptops.runtime.safety.safety import Safety

# A reservation outlives the deadline of its call by this time.
CALL_MARGIN_SECONDS = 30.0
# Finish reasons with which another attempt would not help.
_UNREPAIRABLE = frozenset({"length", "content_filter", "refusal"})
_REPAIR = (
    "That answer cannot be used: {fault}.\n"
    "Give the whole answer again, as JSON alone that is valid under this JSON Schema:\n{schema}"
)
_REPAIR_TEXT = "That answer cannot be used: {fault}.\nGive the whole answer again."


def take_course(course: Course, facts: RunFacts) -> Generator[Command, Any, None]:
    """Execute a run from its ref to its answer.

    Raises:
        GuardError: a limit refuses an attempt.
        ModelError, BreakerOpenError: no model answered; the error is the last model's.
        OutputError: the answer is not valid.
        PromptopsError: as `prepare`.
    """
    end = facts.monotonic() + course.limits.run_seconds
    yield from prepare(course, facts)
    if course.answer is not None:
        return
    yield Begin(course.record)
    yield from ask(course, facts, end)


def continue_course(
    course: Course, facts: RunFacts, messages: Sequence[Mapping[str, Any]]
) -> Generator[Command, Any, None]:
    """Continue a run with the results of the called tools.

    Raises as `take_course`.
    """
    model = course.model or course.models[0]
    course.answer = course.data = None
    course.has_spoken = False
    if course.stand_ins:
        # Hide the values again: the answer has them restored, and tool results may contain them.
        messages = hide(messages, course.stand_ins)
    course.messages = messages
    course.record = course.record._replace(messages=messages)
    # Continue with the model that called the tools; earlier ones have failed already.
    course.models = [model, *(one for one in course.models if one != model)]
    yield from ask(course, facts, facts.monotonic() + course.limits.run_seconds)


def ask(course: Course, facts: RunFacts, end: float) -> Generator[Command, Any, None]:
    """Ask for an answer to the run's messages until there is a final one."""
    data = course.resolved.data
    try:
        yield from _ask_models(course, facts, end)
    except (ModelError, BreakerOpenError, OutputError) as error:
        if "reply" not in data or course.has_spoken:
            raise
        # The error keeps its stage even if the fixed reply fails too.
        course.decisions.append(Decision("reply", error.message))
        course.is_degraded = True
        set_reply(course, data["reply"])
        return
    if course.asked_model is None and not _wants_tools(course):
        yield from _escalate(course, facts, end)
    if facts.safety is not None:
        _judge(course, facts.safety)
    _queue_review(course, facts)


def _judge(course: Course, safety: Safety) -> None:
    """Check the answer's safety; replace an unsafe answer by the fixed reply, if there is one."""
    course.stage = "output"
    try:
        safety.judge(course)
    except SafetyError as error:
        data = course.resolved.data
        if "reply" not in data or course.has_spoken:
            raise
        course.decisions.append(Decision("reply", error.message))
        course.is_degraded = True
        set_reply(course, data["reply"])


def _ask_models(course: Course, facts: RunFacts, end: float) -> Generator[Command, Any, None]:
    """Ask the models in turn until one answers."""
    error: ModelError | BreakerOpenError | None = None
    smallest = 0
    for model in course.models:
        window = facts.context(model)
        if smallest and (window is None or window <= smallest):
            continue
        if error is not None:
            course.decisions.append(Decision("fallback", f"{model}, after {error.message}"))
        error = yield from _ask(course, facts, model, course.messages, end)
        if error is None:
            course.is_degraded |= model != course.models[0]
            yield from _read(course, facts, model, end)
            return
        after = Next.FALL_BACK if isinstance(error, BreakerOpenError) else choose_next(error)
        if course.has_spoken or after is Next.STOP or facts.monotonic() >= end:
            break
        if after is Next.LARGER:
            smallest = facts.context(model) or 1
    assert error is not None  # noqa: S101 - there is at least one model
    raise error


def _read(course: Course, facts: RunFacts, model: str, end: float) -> Generator[Command, Any, None]:
    """Parse an answer, with as many repairs as the prompt declares."""
    schema = course.resolved.output
    course.stage = "output"
    rules = course.resolved.data.get("rules")
    if (schema is None and rules is None) or _wants_tools(course):
        return
    repairs = int(course.resolved.data.get("repair", 0))
    messages = list(course.messages)
    while True:
        course.stage = "parse"
        answer = _answer_of(course)
        try:
            if schema is not None:
                course.data = read_data(answer, schema)
            course.stage = "output"
            check_rules(answer, course.data, rules)
        except OutputError as error:
            if not repairs or answer.finish in _UNREPAIRABLE or course.has_spoken:
                raise
            repairs -= 1
            course.decisions.append(Decision("repair", error.message))
            demand = _write_repair(error, schema)
            messages += [
                {"role": "assistant", "content": answer.text},
                {"role": "user", "content": demand},
            ]
            trouble = yield from _ask(course, facts, model, messages, end)
            if trouble is not None:
                raise trouble from error
        else:
            course.stage = "output"
            return


def _write_repair(error: OutputError, schema: Mapping[str, Any] | None) -> str:
    if schema is None:
        return _REPAIR_TEXT.format(fault=error.message)
    return _REPAIR.format(fault=error.message, schema=json.dumps(schema))


def _escalate(course: Course, facts: RunFacts, end: float) -> Generator[Command, Any, None]:
    """Ask the stronger model if the prompt's condition on the answer holds.

    If the stronger model gives no valid answer, the first answer is used.
    """
    rule = course.resolved.data.get("escalate")
    if rule is None or rule["model"] == course.model:
        return
    why = _applies(course, rule["when"])
    if why is None:
        return
    model = rule["model"]
    if not facts.allows(model, course.resolved.prompt.path):
        course.decisions.append(Decision("allow", f"{model} is left out: [models] allow"))
        return
    course.decisions.append(Decision("escalate", f"{model}, since {why}"))
    first = course.answer, course.data, course.model
    try:
        trouble = yield from _ask(course, facts, model, course.messages, end)
        if trouble is not None:
            raise trouble
        yield from _read(course, facts, model, end)
    except (ModelError, BreakerOpenError, OutputError, GuardError) as error:
        course.answer, course.data, course.model = first
        course.is_degraded = True
        course.decisions.append(Decision("escalate", f"the first answer is kept: {error.message}"))
    course.stage = "output"


def _queue_review(course: Course, facts: RunFacts) -> None:
    """Request a review of the answer by a person if the prompt's condition holds."""
    rule = course.resolved.data.get("review")
    why = None if rule is None or _wants_tools(course) else _applies(course, rule["when"])
    if why is not None:
        course.decisions.append(Decision("review", why))
        course.reviews.append(RunReview(facts.make_id(), course.record.id, facts.clock(), why))


def _applies(course: Course, condition: str) -> str | None:
    """Return why a condition on the answer applies; None if it does not.

    A condition that cannot be evaluated applies: asking a stronger model or a person is safe.
    """
    answer = _answer_of(course)
    has_schema = course.resolved.output is not None
    values = {
        "output": course.data if has_schema else answer.text,
        "finish": answer.finish,
        "inputs": dict(course.inputs),
    }
    try:
        return condition if holds(course.resolved.prompt.path, condition, values) else None
    except TemplateError as error:
        return f"{condition} cannot be evaluated: {error.message}"


def _answer_of(course: Course) -> Answer:
    assert course.answer is not None  # noqa: S101 - only asked for after an answer
    return course.answer


def _wants_tools(course: Course) -> bool:
    return course.answer is not None and bool(course.answer.tool_calls)


def _ask(
    course: Course,
    facts: RunFacts,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    end: float,
) -> Generator[Command, Any, ModelError | BreakerOpenError | None]:
    """Ask one model, or use a cached answer; return the error if it fails."""
    request = Request(model, messages, course.resolved.prompt.wire_parameters)
    key = cache_key(request, course, facts)
    if key is None:
        return (yield from _call(course, facts, request, end))
    found: Kept | Flight | None = yield Recall(key, end, not course.is_streamed)
    if isinstance(found, Kept):
        course.answer, course.model = found.answer, model
        course.decisions.append(Decision("cache", f"the answer of run {found.run_id}"))
        return None
    kept = None
    try:
        trouble = yield from _call(course, facts, request, end)
        if trouble is None and _is_worth_keeping(course):
            kept = Kept(replace(_answer_of(course), usage=NO_USAGE), course.record.id)
    finally:
        yield Land(key, found, kept, not course.record.hidden)
    return trouble


def _is_worth_keeping(course: Course) -> bool:
    """Return whether an answer may be cached: complete and valid."""
    answer, schema = _answer_of(course), course.resolved.output
    if answer.finish not in {"stop", "tool_calls"}:
        return False
    if schema is None or answer.tool_calls:
        return True
    try:
        read_data(answer, schema)
    except OutputError:
        return False
    return True


def _call(
    course: Course, facts: RunFacts, request: Request, end: float
) -> Generator[Command, Any, ModelError | BreakerOpenError | None]:
    """Ask one model with retries; return the error if it fails."""
    model = request.model
    bounds = estimate(request, facts)
    cost = bounds.cost
    price = facts.price(model)
    retries = 0
    while True:
        number = len(course.attempts) + 1
        allowed = float(course.resolved.data.get("timeout") or course.limits.call_seconds)
        deadline = min(end, facts.monotonic() + allowed)
        course.stage = "guard"
        try:
            permit: Permit = yield Admit(model)
        except BreakerOpenError as error:
            course.decisions.append(Decision("breaker", error.message))
            return error
        try:
            reservation: Reservation = yield Reserve(
                _scope_of(course),
                f"{course.record.id}/{number}",
                cost,
                bounds.tokens,
                deadline - facts.monotonic() + CALL_MARGIN_SECONDS,
                name_request(request) if number == 1 else None,
                bounds.lacking,
            )
        except BaseException:
            yield Report(permit, None)
            raise
        course.stage = "call"
        course.heard.clear()
        course.first_at = None
        noting = _AttemptTimer(course, facts, number, model)
        try:
            sent = request if facts.safety is None else facts.safety.seal(request, course)
            answer: Answer = yield Call(sent, deadline)
        except BaseException as error:
            is_charged = _is_charged(error)
            taken = None if is_charged else 0
            yield Settle(reservation, taken, taken, _is_sent(error))
            yield Report(permit, _is_healthy(error))
            noting.add(
                status=error.status if isinstance(error, ModelError) else None,
                error=error.message if isinstance(error, PromptopsError) else repr(error),
                error_kind=error.kind if isinstance(error, ModelError) else type(error).__name__,
                cost_micros=cost if is_charged else 0,
            )
            if not isinstance(error, ModelError):
                raise
            if is_alarming(error):
                course.alarms.append(error)
            wait = delay_seconds(retries, error.retry_after_seconds, facts.random())
            if (
                course.has_spoken
                or choose_next(error) is not Next.RETRY
                or retries >= course.limits.retries
                or facts.monotonic() + wait >= end
            ):
                return error
            retries += 1
            course.decisions.append(Decision("retry", f"{model}: {error.message}"))
            yield Sleep(wait)
            continue
        used = _used(answer.usage)
        spent = None if price is None or used is None else price.cost(*used)
        yield Settle(reservation, spent, None if used is None else used[0] + used[1], is_sent=True)
        yield Report(permit, is_healthy=True)
        noting.add(
            status=200,
            served_model=answer.served_model,
            cost_micros=spent if spent is not None else cost,
            input_tokens=answer.usage.input_tokens,
            output_tokens=answer.usage.output_tokens,
            cached_tokens=answer.usage.cached_tokens,
            usage_source=answer.usage.source,
            finish=answer.finish,
            response_id=answer.response_id,
            fingerprint=answer.fingerprint,
        )
        course.answer, course.model = answer, model
        return None


def _is_sent(error: BaseException) -> bool:
    """Return whether a request was sent: true if the caller abandoned it, false for our own
    errors.
    """
    if isinstance(error, ModelError):
        return error.is_sent
    return not isinstance(error, PromptopsError)


def _is_charged(error: BaseException) -> bool:
    """Return whether a failed request may cost something: an error status does not."""
    is_status = isinstance(error, ModelError) and error.kind == "status"
    return _is_sent(error) and not is_status


def _is_healthy(error: BaseException) -> bool | None:
    """Return whether a failure counts against the model; None if it says nothing about it."""
    return choose_next(error) is not Next.RETRY if isinstance(error, ModelError) else None


class _AttemptTimer:
    """One attempt, recorded when it ends."""

    __slots__ = ("_at", "_began", "_course", "_model", "_number", "_world")

    def __init__(self, course: Course, facts: RunFacts, number: int, model: str) -> None:
        self._course, self._world, self._number, self._model = course, facts, number, model
        self._began, self._at = facts.monotonic(), facts.clock()

    def add(self, **results: Any) -> None:  # noqa: ANN401 - fields of the record
        """Add the attempt to the run's attempts."""
        course, began = self._course, self._began
        first = course.first_at
        course.attempts.append(
            AttemptRecord(
                course.record.id,
                self._number,
                self._model,
                self._at,
                ms=(self._world.monotonic() - began) * 1000,
                first_ms=None if first is None else (first - began) * 1000,
                **results,
            )
        )


def _scope_of(course: Course) -> Scope:
    assert course.scope is not None  # noqa: S101 - `prepare` found the prompt
    return course.scope


def _used(usage: Usage) -> tuple[int, int, int] | None:
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return usage.input_tokens, usage.output_tokens, usage.cached_tokens or 0


def total_usage(attempts: Sequence[AttemptRecord]) -> Usage:
    """Return the total usage of all answers; unknown if one is unknown."""
    answers = [one for one in attempts if one.error is None]
    known = [one for one in answers if one.input_tokens is not None]
    if not known or len(known) < len(answers):
        return UNKNOWN_USAGE if answers else NO_USAGE
    is_measured = all(one.usage_source == "measured" for one in known)
    return Usage(
        sum(one.input_tokens or 0 for one in known),
        sum(one.output_tokens or 0 for one in known),
        sum(one.cached_tokens or 0 for one in known),
        "measured" if is_measured else "estimated",
    )


def total_cost(attempts: Sequence[AttemptRecord]) -> int | None:
    """Return the cost of all attempts, in micro-dollars; None if one is unknown."""
    costs = [attempt.cost_micros for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
