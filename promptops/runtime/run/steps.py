"""The course of a run, as a generator of commands that a driver carries out.

The course is the same for a thread, an event loop and a stream; only waiting differs. So it is
written once here, without any waiting: it yields what it wants done (`Call`, `Sleep`, `Reserve`,
`Settle`), and gets back the result or the error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.runtime.guards.breaker import BreakerOpenError
from promptops.runtime.log.record import AttemptRecord, Decision, RunRecord
from promptops.runtime.models.model import Answer, ModelError, Request, Usage
from promptops.runtime.run.output import read_data
from promptops.runtime.run.retry import Next, choose_next, delay_seconds, is_alarming

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from promptops.errors import PromptopsError
    from promptops.runtime.guards.breaker import Permit
    from promptops.runtime.guards.guard import Reservation
    from promptops.runtime.guards.windows import Scope
    from promptops.runtime.models.prices import Price
    from promptops.runtime.resolution import ResolvedPrompt

_LEASE_MARGIN_SECONDS = 30.0


class Call(NamedTuple):
    """Ask a model once. The result is an Answer; the error a ModelError."""

    request: Request
    deadline: float


class Sleep(NamedTuple):
    """Wait before the next attempt."""

    seconds: float


class Reserve(NamedTuple):
    """Reserve an attempt in all windows. The result is a Reservation; the error a GuardError."""

    scope: Scope
    key: str
    cost: int | None
    tokens: int | None
    lease_seconds: float
    request_hash: str | None


class Admit(NamedTuple):
    """Ask the breaker of a model. The result is a Permit; the error a BreakerOpenError."""

    model: str


class Report(NamedTuple):
    """Tell the breaker how the attempt ended."""

    permit: Permit
    is_healthy: bool


class Settle(NamedTuple):
    """Settle a reservation at what was used; release it where nothing was sent."""

    reservation: Reservation
    cost: int | None
    tokens: int | None
    is_sent: bool


Command = Call | Sleep | Admit | Report | Reserve | Settle


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a run may take, and how often it may try.

    Attributes:
        call_seconds: for one request; the prompt's own `timeout` comes first.
        run_seconds: for the whole run.
        retries: of one model.
    """

    call_seconds: float = 60.0
    run_seconds: float = 120.0
    retries: int = 2


@dataclass(slots=True)
class Course:
    """What one run knows, and what has become of it so far.

    Attributes:
        record: the record of the run, completed step by step.
        resolved: the prompt.
        messages: what is asked.
        models: whom to ask, in this order.
        stage: where the run is now; an error names it.
        has_spoken: whether a part of an answer was handed out, so that nothing can be retried.
    """

    record: RunRecord
    resolved: ResolvedPrompt
    messages: Sequence[Mapping[str, Any]]
    models: Sequence[str]
    scope: Scope
    limits: Limits
    stage: str = "guard"
    has_spoken: bool = False
    attempts: list[AttemptRecord] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    alarms: list[ModelError] = field(default_factory=list)
    answer: Answer | None = None
    data: Any = None
    model: str = ""


class Surroundings(NamedTuple):
    """What a course needs of the world.

    Attributes:
        clock: seconds since 1970.
        monotonic: seconds that never go back, as deadlines are given.
        random: a number from 0 to 1.
        price: the price of a model; None where it is unknown.
        count: an upper bound of a request's tokens.
        context: how many tokens a model reads; None where that is unknown.
    """

    clock: Callable[[], float]
    monotonic: Callable[[], float]
    random: Callable[[], float]
    price: Callable[[str], Price | None]
    count: Callable[[Request], int]
    context: Callable[[str], int | None]


def take_course(course: Course, world: Surroundings) -> Generator[Command, Any, None]:
    """Ask the models in turn until one answers; the course then holds the answer.

    Raises:
        GuardError: a limit refuses an attempt.
        ModelError: no model answered; the last one's error.
        OutputError: the answer is not what the prompt promises.
    """
    started = world.monotonic()
    end = started + course.limits.run_seconds
    error: ModelError | BreakerOpenError | None = None
    smallest = 0
    for model in course.models:
        window = world.context(model)
        if smallest and (window is None or window <= smallest):
            continue
        if error is not None:
            course.decisions.append(Decision("fallback", f"{model}, after {error.message}"))
        error = yield from _ask(course, world, model, end)
        if error is None:
            course.stage = "output"
            course.model = model
            if course.resolved.output is not None and not _wants_tools(course):
                course.stage = "parse"
                assert course.answer is not None  # noqa: S101 - there was no error
                course.data = read_data(course.answer, course.resolved.output)
            return
        after = Next.FALL_BACK if isinstance(error, BreakerOpenError) else choose_next(error)
        if course.has_spoken or after is Next.STOP or world.monotonic() >= end:
            break
        if after is Next.LARGER:
            smallest = world.context(model) or 1
    assert error is not None  # noqa: S101 - there is at least one model
    raise error


def _wants_tools(course: Course) -> bool:
    return course.answer is not None and bool(course.answer.tool_calls)


def _ask(
    course: Course, world: Surroundings, model: str, end: float
) -> Generator[Command, Any, ModelError | BreakerOpenError | None]:
    """Ask one model, again where that may help; the error where it does not answer."""
    request = Request(model, course.messages, _parameters(course.resolved, model))
    price = world.price(model)
    prompt_tokens = world.count(request)
    most = request.parameters.get("max_tokens")
    retries = 0
    while True:
        number = len(course.attempts) + 1
        allowed = float(course.resolved.parameters.get("timeout") or course.limits.call_seconds)
        deadline = min(end, world.monotonic() + allowed)
        tokens = None if most is None else prompt_tokens + most
        cost = None if price is None or most is None else price.cost(prompt_tokens, most)
        course.stage = "guard"
        try:
            permit = yield Admit(model)
        except BreakerOpenError as error:
            course.decisions.append(Decision("breaker", error.message))
            return error
        reservation = yield Reserve(
            course.scope,
            f"{course.record.id}/{number}",
            cost,
            tokens,
            deadline - world.monotonic() + _LEASE_MARGIN_SECONDS,
            _hash(request) if number == 1 else None,
        )
        course.stage = "call"
        began, at = world.monotonic(), world.clock()
        attempt = AttemptRecord(course.record.id, number, model, at)
        try:
            answer = yield Call(request, deadline)
        except ModelError as error:
            # What a failed request used nobody says: what was sent counts as reserved.
            yield Settle(reservation, None, None, error.is_sent)
            yield Report(permit, choose_next(error) is not Next.RETRY)
            taken = (world.monotonic() - began) * 1000
            course.attempts.append(
                replace(
                    attempt,
                    ms=taken,
                    status=error.status,
                    error=error.message,
                    error_kind=error.kind,
                    cost_micros=cost if error.is_sent else 0,
                )
            )
            if is_alarming(error):
                course.alarms.append(error)
            if (
                course.has_spoken
                or choose_next(error) is not Next.RETRY
                or retries >= course.limits.retries
            ):
                return error
            wait = delay_seconds(retries, error.retry_after_seconds, world.random())
            if world.monotonic() + wait >= end:
                return error
            retries += 1
            course.decisions.append(Decision("retry", f"{model}: {error.message}"))
            yield Sleep(wait)
            continue
        except BaseException:
            # Whoever abandons a run has paid for what was sent.
            yield Settle(reservation, None, None, is_sent=True)
            permit.abandoned()
            raise
        usage = answer.usage
        used = _used(usage)
        spent = None if price is None or used is None else price.cost(*used)
        yield Settle(reservation, spent, None if used is None else used[0] + used[1], is_sent=True)
        yield Report(permit, is_healthy=True)
        course.attempts.append(
            replace(
                attempt,
                ms=(world.monotonic() - began) * 1000,
                status=200,
                served_model=answer.served_model,
                cost_micros=spent if spent is not None else cost,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cached_tokens=usage.cached_tokens,
                usage_source=usage.source,
                finish=answer.finish,
                response_id=answer.response_id,
                fingerprint=answer.fingerprint,
            )
        )
        course.answer = answer
        return None


def _parameters(resolved: ResolvedPrompt, model: str) -> dict[str, Any]:
    """What is sent beside model and messages; the time limit is ours, not the provider's."""
    del model
    request = resolved.prompt.request_parameters
    return {key: value for key, value in request.items() if key not in {"model", "timeout"}}


def _used(usage: Usage) -> tuple[int, int, int] | None:
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return usage.input_tokens, usage.output_tokens, usage.cached_tokens or 0


def _hash(request: Request) -> str:
    """Name a request, so that repetitions of it are recognised."""
    text = json.dumps(
        [request.model, list(request.messages), dict(request.parameters)],
        sort_keys=True,
        default=repr,
    )
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def total_cost(attempts: Sequence[AttemptRecord]) -> int | None:
    """Return what all attempts cost, in micro-dollars; None where one of them is unknown."""
    costs = [attempt.cost_micros for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def stamp(error: PromptopsError, course: Course) -> None:
    """Say in an error at which stage of which run it happened."""
    error.stage = course.stage
    error.run_id = course.record.id
