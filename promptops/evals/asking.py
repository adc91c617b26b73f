"""Ask models for a trial as in every run, but with recorded answers and a cost limit."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import PausedError, PromptopsError
from promptops.evals.health import ModelHealth
from promptops.evals.question import LIMITS, Asked, AskingTools, Mode, QuestionPlace
from promptops.evals.tape import (
    NO_ANSWER,
    TapeEntry,
    TapeFailure,
    TapeKey,
    hash_request,
    redact_answer,
)
from promptops.evals.trial_log import EVAL, PlainRun, label_run
from promptops.runtime.guards.breaker import BreakerOpenError
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.guards.windows import Scope
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.record import FAILED, SUCCEEDED, RunRecord
from promptops.runtime.models.model import Answer, ModelError, Request, Usage
from promptops.runtime.models.tokens import count_tokens
from promptops.runtime.redaction import hidden_inputs, redact
from promptops.runtime.run.commands import (
    Admit,
    Call,
    Find,
    Report,
    Reserve,
    RunFacts,
    Settle,
    Sleep,
)
from promptops.runtime.run.course import Course
from promptops.runtime.run.driving import Commands
from promptops.runtime.run.ending import end_record, fail_record
from promptops.runtime.run.output import OutputError, read_data
from promptops.runtime.run.preparation import LEASE_MARGIN_SECONDS, take_prompt
from promptops.runtime.run.request import estimate
from promptops.runtime.run.steps import ask, take_course

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from promptops.evals.tape import Tape
    from promptops.repository.prices import Price
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.guards.reservation import Reservation
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.commands import Command
    from promptops.runtime.run.request import Bounds

_NEVER_SENT = {"key", "install"}
_TOO_MANY = 429
# Without these keys, a prompt asks one model once.
_WAYS = frozenset({"routes", "choose", "escalate", "repair", "reply", "rules", "review"})
_LEASE_MARGIN_SECONDS = 30.0
_REPLAYED = replace(LIMITS, retries=0)


class _PlainPrompt(NamedTuple):
    """A prompt that asks one model once, without routes and the like.

    Attributes:
        parameters: the parameters of its requests.
        others: the models to ask if the first one fails.
        timeout_seconds: the timeout of a call.
        hidden: the inputs that are never stored.
    """

    parameters: Mapping[str, Any]
    others: tuple[str, ...]
    timeout_seconds: float
    hidden: tuple[str, ...]


class _FailedCall(NamedTuple):
    """A failed plain call, which a full run continues; times by both clocks."""

    error: PromptopsError
    started_at: float
    started: float
    asked_at: float
    seconds: float


class Asker:
    """Asks models, or reads recorded answers. Belongs to one event loop."""

    def __init__(self, tools: AskingTools) -> None:
        self._tools = tools
        # Questions in flight; with a future if another question waits for the answer.
        self._flying: dict[TapeKey, asyncio.Future[TapeEntry] | None] = {}
        self._world = RunFacts(
            time.time,
            time.monotonic,
            random.random,
            tools.prices.find,
            lambda request: (
                count_tokens(request.messages, request.parameters, request.model).tokens
            ),
            lambda model: tools.prices.window(model).context,
            # An eval may name a model that is not allowed yet.
            lambda _model, _path: True,
            lambda: None,
            lambda found: PausedError(f"{found} is paused"),
            lambda: EVAL,
            safety=tools.safety,
        )
        self._following = self._world._replace(allows=tools.allows)
        self._health = ModelHealth()
        self._plain: dict[tuple[str, bool], _PlainPrompt | None] = {}
        self._asked = 0
        self.calls = 0
        self.replayed = 0
        self._reserved = 0
        self._settled = 0
        self._waiting: list[asyncio.Future[None]] = []

    async def start(
        self, resolved: ResolvedPrompt, inputs: Mapping[str, object], at: QuestionPlace
    ) -> Asked:
        """Run a prompt once.

        Raises:
            InputError, TemplateError: rendering failed.
            ModelError, BreakerOpenError: no model answered.
            RefusedError: the prompt may not use its model.
            MissingError: the cassette has no answer.
            CapError: the call would exceed the cost limit.
            GuardError: the limits of the environment `eval` refuse the call.
        """
        health = self._health
        is_out = at.follows and bool(health.failures) and health.is_out(at.place.model)
        failed: _FailedCall | None = None
        plain = None if is_out else self._find_plain(resolved, follows=at.follows)
        if plain is not None:
            asked = await self._start_plainly(plain, resolved, inputs, at)
            if isinstance(asked, Asked):
                return asked
            failed = asked
        course = self._make_course(resolved, at)
        course.given = inputs
        if failed is not None:
            course.record = course.record._replace(started_at=failed.started_at)
        facts = self._following if at.follows else self._world
        return await self._finish(course, resolved, take_course(course, facts), at, failed)

    def _find_plain(self, resolved: ResolvedPrompt, *, follows: bool) -> _PlainPrompt | None:
        """Return a prompt that only renders and asks one model once; None for others."""
        key = resolved.digest, follows
        if key not in self._plain:
            self._plain[key] = self._read_plain(resolved, follows=follows)
        return self._plain[key]

    def _read_plain(self, resolved: ResolvedPrompt, *, follows: bool) -> _PlainPrompt | None:
        safety = self._tools.safety
        if _WAYS.intersection(resolved.data) or (safety is not None and safety.changes(resolved)):
            return None
        others = resolved.data.get("fallbacks", ()) if follows else ()
        path = resolved.prompt.path
        if follows and not all(self._tools.allows(one, path) for one in (resolved.model, *others)):
            return None
        timeout = float(resolved.data.get("timeout") or LIMITS.call_seconds)
        parameters = resolved.prompt.wire_parameters
        return _PlainPrompt(parameters, tuple(others), timeout, tuple(hidden_inputs(resolved)))

    async def _start_plainly(
        self,
        plain: _PlainPrompt,
        resolved: ResolvedPrompt,
        inputs: Mapping[str, object],
        at: QuestionPlace,
    ) -> Asked | _FailedCall:
        """Run a simple prompt directly, in a quarter of the time of a full run.

        If the call fails, return the failure; the caller continues with a full run, which has
        retries and fallbacks.
        """
        tools = self._tools
        started_at, started = time.time(), time.monotonic()
        messages = resolved.prompt.render(inputs)
        model = at.place.model
        request = Request(model, messages, plain.parameters)
        asking = _Asking(self, resolved, at)
        price = tools.prices.find(model)
        if tools.guards is not None or price is None or not price.is_free:
            asking.bound(estimate(request, self._world))
        asked_at, began = time.time(), time.monotonic()
        try:
            answer = await self.call(request, began + plain.timeout_seconds, asking)
        except PromptopsError as error:
            # A refused request costs nothing.
            is_charged = isinstance(error, ModelError) and error.is_sent and error.kind != "status"
            await asking.settle(None, is_sent=asking.is_sent and is_charged)
            return _FailedCall(error, started_at, started, asked_at, time.monotonic() - began)
        except BaseException:
            await asking.settle(None, is_sent=asking.is_sent)
            raise
        answered = time.monotonic()
        used = answer.usage
        read, written = used.input_tokens, used.output_tokens
        tokens = None if read is None or written is None else read + written
        if asking.reservation is None:
            asking.settle_cost(is_sent=asking.is_sent)
        else:
            await asking.settle(tokens, is_sent=asking.is_sent)
        fault: OutputError | None = None
        if resolved.output is not None and not answer.tool_calls:
            try:
                read_data(answer, resolved.output)
            except OutputError as error:
                fault = error
        entry = asking.entry
        assert entry is not None  # noqa: S101 - there is an answer
        if tools.log is not None:
            cost = asking.most if entry.cost_micros is None else entry.cost_micros
            run = PlainRun(
                at,
                resolved,
                inputs,
                plain.hidden,
                messages,
                model,
                answer,
                fault,
                cost,
                asking.is_replayed,
                at.follows,
                started_at,
                started_at + LIMITS.run_seconds + LEASE_MARGIN_SECONDS,
                asked_at,
                (answered - began) * 1000,
                (time.monotonic() - started) * 1000,
            )
            tools.log.add_plain(run)
            await tools.log.keep_up()
        return Asked(
            entry.answer,
            fault,
            entry.latency_seconds,
            entry.cost_micros,
            asking.is_replayed,
            resolved,
            messages,
            (model, *plain.others),
            model,
        )

    async def go_on(
        self, before: Asked, messages: Sequence[Mapping[str, Any]], at: QuestionPlace
    ) -> Asked:
        """Ask for the next answer of a conversation. Raises as `start`."""
        resolved = before.resolved
        course = self._make_course(resolved, at)
        take_prompt(course, resolved, {})
        course.record = course.record._replace(inputs=None, messages=messages)
        course.messages = messages
        # As in production, continue with the model that answered; earlier ones have failed already.
        course.models = list(dict.fromkeys([before.model, *before.models]))
        facts = self._following if at.follows else self._world
        end = time.monotonic() + LIMITS.run_seconds
        return await self._finish(course, resolved, ask(course, facts, end), at)

    async def embed(self, texts: Sequence[str], at: QuestionPlace) -> list[list[float]]:
        """Return a vector for each text. Vectors are recorded and replayed like answers.

        Raises:
            ModelError, MissingError, CapError: as `start`.
        """
        tools = self._tools
        assert tools.embedder is not None  # noqa: S101 - only asked for where there is one
        name, embedder = tools.embedder
        messages = [{"role": "user", "content": text} for text in texts]
        request = Request(name, messages, {"embedding": True})
        key = TapeKey(hash_request(request), at.trial)
        place = at.place._replace(model=name)
        found = at.tape.find(key) if tools.mode is Mode.REPLAY else tools.journal.find(key)
        if found is None and tools.mode is Mode.REPLAY:
            raise at.tape.explain(place, at.trial)
        if found is None:
            tokens = count_tokens(messages, {}, name).tokens
            price = tools.prices.find(name)
            cost = None if price is None else price.cost(tokens, 0)
            held = await tools.cost_cap.take(cost, name)
            started = time.monotonic()
            self.calls += 1
            try:
                deadline = started + LIMITS.call_seconds
                vectors = await asyncio.to_thread(embedder.embed, texts, deadline=deadline)
            finally:
                # The cost of embeddings depends on the texts' tokens only, so it is known before
                # the call.
                tools.cost_cap.settle(held, cost)
            text = json.dumps(vectors, separators=(",", ":"))
            answer = Answer(text, (), "stop", Usage(tokens, 0, None, "estimated"), name)
            found = TapeEntry(key, place, answer, time.monotonic() - started, cost)
            tools.journal.add(found)
        else:
            self.replayed += 1
        self._keep(at.tape, found)
        loaded: list[list[float]] = json.loads(found.answer.text)
        return loaded

    def _make_course(self, resolved: ResolvedPrompt, at: QuestionPlace) -> Course:
        now = time.time()
        record = RunRecord(EVAL, resolved.ref, now)
        log = self._tools.log
        if log is not None:
            record = record._replace(
                id=make_id(now, os.urandom(10)), labels=label_run(at, log.name)
            )
        # Do not retry a recorded failure: its retries were recorded.
        limits = _REPLAYED if self._tools.mode is Mode.REPLAY else LIMITS
        return Course(record, {}, None if at.follows else at.place.model, limits, EVAL)

    async def _finish(
        self,
        course: Course,
        first: ResolvedPrompt,
        steps: Generator[Command, Any, None],
        at: QuestionPlace,
        failed: _FailedCall | None = None,
    ) -> Asked:
        """Execute a run's steps; return the result. The first call may have failed already."""
        asking = _Asking(self, first, at, course, failed)
        fault: OutputError | None = None
        began = time.monotonic() if failed is None else failed.started
        try:
            commands = Commands(steps)
            for command in commands:
                with commands:
                    commands.result = await asking.do(command)
        except PromptopsError as error:
            self._log(course, asking, began, error)
            if not isinstance(error, OutputError):
                raise _name_all(error, course) from None
            fault = error
        else:
            self._log(course, asking, began)
        entry = asking.entry
        if entry is None and course.attempts:
            # A fixed reply is no model's answer.
            last = course.attempts[-1]
            raise ModelError(
                last.error or "the model did not answer",
                model=at.place.model,
                kind="invalid",
                is_sent=False,
            )
        answer = course.answer
        if entry is not None and course.model is None:
            # Judge the invalid answer, not the fixed reply.
            answer = entry.answer
            if fault is None:
                why = next((one.why for one in course.decisions if one.rule == "reply"), "")
                fault = OutputError(why, text=answer.text)
        assert answer is not None  # noqa: S101 - the course ended with an answer
        model = course.model or at.place.model
        if self._tools.mode is Mode.RECORD:
            for key, failure in asking.failures.items():
                # Providers' errors may quote the request.
                kept = failure._replace(message=redact(failure.message))
                asking.tape.add(TapeEntry(key, asking.place, NO_ANSWER, 0.0, 0, kept))
        return Asked(
            answer,
            fault,
            asking.seconds,
            asking.cost_micros,
            asking.is_replayed,
            course.resolved,
            course.messages,
            course.models,
            model,
            course.is_degraded,
        )

    def _log(
        self,
        course: Course,
        asking: _Asking,
        began: float,
        error: PromptopsError | None = None,
    ) -> None:
        """Write a run to the run log, unless no model was asked."""
        log = self._tools.log
        if log is None or not course.attempts:
            return
        if asking.failed is not None:
            first, ms = course.attempts[0], asking.failed.seconds * 1000
            course.attempts[0] = first._replace(started_at=asking.failed.asked_at, ms=ms)
        ms = (time.monotonic() - began) * 1000
        if error is not None:
            record = fail_record(course, error, FAILED, ms)
        else:
            # Log answers to tool calls as separate runs, so that this run does not wait for
            # results.
            record = end_record(course, ms, is_cached=asking.is_replayed)
            record = record._replace(status=SUCCEEDED)
        if asking.is_replayed:
            # Another sample paid for the answer.
            log.add(record._replace(cost_micros=0), ())
            return
        log.add(record, course.attempts)

    def admit(self, model: str, course: Course) -> None:
        """Raise BreakerOpenError for a model that keeps failing, if there is a next one."""
        if self._tools.mode is not Mode.REPLAY and model != course.models[-1]:
            self._health.check(model)

    def name_request(self, model: str, course: Course) -> str:
        """Return the hash of the request that the model would get."""
        request = Request(model, course.messages, course.resolved.prompt.wire_parameters)
        safety = self._tools.safety
        return hash_request(request if safety is None else safety.seal(request, course))

    def report(self, model: str, *, is_healthy: bool | None) -> None:
        """Record how a call of a model ended; None: unknown."""
        if is_healthy is not None:
            self._health.note(model, is_healthy=is_healthy)

    def find(self, ref: str, first: ResolvedPrompt) -> ResolvedPrompt:
        """Resolve a route's ref. Traffic shares and pauses are ignored."""
        found = first
        if ref != first.ref:
            assert self._tools.find is not None  # noqa: S101 - runs come with it
            found = self._tools.find(ref)
        return replace(found, split=(), paused=None)

    async def call(self, request: Request, deadline: float, asking: _Asking) -> Answer:
        """Return the answer to a request: from the tape, the journal, or the model."""
        key = TapeKey(hash_request(request), asking.trial)
        tools = self._tools
        found = asking.tape.find(key) if tools.mode is Mode.REPLAY else None
        if found is None and tools.mode is Mode.REPLAY:
            raise asking.tape.explain(asking.place, asking.trial)
        if found is not None and found.failure is not None:
            raise found.failure.error()
        if found is None:
            found = tools.journal.find(key)
        if found is None and key in self._flying:
            # Another sample asks the same question in the same trial: share the answer.
            flying = self._flying[key]
            if flying is None:
                flying = self._flying[key] = asyncio.get_running_loop().create_future()
            found = await asyncio.shield(flying)
        if found is not None:
            if tools.mode is Mode.RECORD:
                # Without recording, the journal has complete answers.
                found = found._replace(answer=redact_answer(found.answer))
            self._keep(asking.tape, found)
            asking.take(found, is_replayed=True)
            self.replayed += 1
            return found.answer
        return await self._call_model(request, deadline, key, asking)

    async def _call_model(
        self, request: Request, deadline: float, key: TapeKey, asking: _Asking
    ) -> Answer:
        tools = self._tools
        self._flying[key] = None
        self._asked += 1
        number = self._asked
        try:
            name = tools.stand_in or request.model
            model = tools.models.get(name)
            price = tools.prices.find(name)
            is_free = price is not None and price.is_free
            sent = request
            if name != request.model:
                sent = replace(request, model=name)
                asking.bound(estimate(sent, self._world))
            asking.most = 0 if is_free else asking.most
            began = time.monotonic()
            asking.held = await tools.cost_cap.take(asking.most, name)
            if tools.guards is not None:
                lease = deadline - began + _LEASE_MARGIN_SECONDS
                await self._reserve(tools.guards, asking, number, lease)
            started = time.monotonic()
            # Waiting for the cost limit does not count as latency.
            deadline += started - began
            asking.is_sent = True
            self.calls += 1
            answer = await model.acall(sent, deadline=deadline)
            taken = time.monotonic() - started
        except BaseException as error:
            if isinstance(error, ModelError):
                self.calls -= error.kind in _NEVER_SENT
                if error.status == _TOO_MANY:
                    tools.pace.brake()
            flying = self._flying.pop(key)
            if flying is not None:
                # Waiters get the same exception, if they still wait.
                if isinstance(error, Exception):
                    flying.set_exception(error)
                    flying.exception()
                else:
                    flying.cancel()
            raise
        flying = self._flying.pop(key)
        if tools.mode is Mode.RECORD:
            answer = redact_answer(answer)
        cost = _find_cost(price, answer.usage)
        entry = TapeEntry(key, asking.place, answer, taken, cost)
        tools.journal.add(entry)
        self._keep(asking.tape, entry)
        asking.take(entry, is_replayed=False)
        if flying is not None:
            flying.set_result(entry)
        return answer

    async def _reserve(
        self, guards: Guards, asking: _Asking, number: int, lease_seconds: float
    ) -> None:
        """Reserve a call in the limits of the environment `eval`.

        Calls in flight count at their highest cost, so a call that does not fit waits for them. It
        is refused only if none are left.
        """
        while True:
            settled = self._settled
            try:
                asking.reservation = await guards.areserve(
                    Scope(EVAL, asking.prompt, None, None),
                    key=f"{self._tools.name}/{number}",
                    cost=asking.most,
                    tokens=asking.tokens,
                    lease_seconds=lease_seconds,
                )
            except GuardError:
                if settled != self._settled:
                    continue
                if not self._reserved:
                    raise
                waiter = asyncio.get_running_loop().create_future()
                self._waiting.append(waiter)
                await waiter
            else:
                self._reserved += 1
                return

    def count_settled(self) -> None:
        """Count a settled reservation, and let calls that wait for one try again."""
        self._reserved -= 1
        self._settled += 1
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _keep(self, tape: Tape, entry: TapeEntry) -> None:
        """Add an answer to the cassette if it is being recorded."""
        if self._tools.mode is Mode.RECORD:
            tape.add(entry)

    def settle(self, held: int, cost: int | None) -> None:
        """Replace a call's reservation by its cost."""
        self._tools.cost_cap.settle(held, cost)


class _Asking:
    """The shared state of one question's steps."""

    __slots__ = (
        *("_asker", "_course", "_first", "cost_micros", "entry", "failed", "failures", "held"),
        *("is_replayed", "is_sent", "most", "place", "prompt", "reservation", "seconds", "tape"),
        *("tokens", "trial"),
    )

    def __init__(
        self,
        asker: Asker,
        first: ResolvedPrompt,
        at: QuestionPlace,
        course: Course | None = None,
        failed: _FailedCall | None = None,
    ) -> None:
        self._asker = asker
        self._first = first
        self._course = course
        self.failed = failed
        self.prompt = first.name
        self.tape, self.place, self.trial, _ = at
        self.most: int | None = None
        self.tokens: int | None = None
        self.reservation: Reservation | None = None
        self.held: int | None = None
        self.is_sent = False
        self.entry: TapeEntry | None = None
        self.is_replayed = False
        # Repairs and escalation ask more than once.
        self.seconds = 0.0
        self.cost_micros: int | None = 0
        # The last error of each unanswered request.
        self.failures: dict[TapeKey, TapeFailure] = {}

    def bound(self, bounds: Bounds) -> None:
        """Record the maximum cost of a call."""
        self.most, self.tokens = bounds.cost, bounds.tokens

    def take(self, entry: TapeEntry, *, is_replayed: bool) -> None:
        """Add an answer."""
        self.is_replayed = is_replayed and (self.entry is None or self.is_replayed)
        self.entry = entry
        self.seconds += entry.latency_seconds
        known, cost = self.cost_micros, entry.cost_micros
        self.cost_micros = None if known is None or cost is None else known + cost

    async def do(self, command: Command) -> Any:  # noqa: ANN401 - each command has its result
        """Execute a step."""
        if isinstance(command, Call):
            return await self._call(command)
        if isinstance(command, Reserve):
            self.most, self.tokens = command.cost, command.tokens
            self.held, self.reservation, self.is_sent = None, None, False
        elif isinstance(command, Settle):
            # Zero cost means that the request was refused.
            is_charged = self.is_sent and command.is_sent and command.cost != 0
            is_charged = is_charged or self.entry is not None
            await self.settle(command.tokens, is_sent=is_charged)
        elif isinstance(command, Sleep):
            await asyncio.sleep(command.seconds)
        elif isinstance(command, Find):
            return self._asker.find(command.ref, self._first)
        elif isinstance(command, Admit):
            return self._admit(command.model)
        elif isinstance(command, Report):
            permit: Any = command.permit
            self._asker.report(permit.model, is_healthy=command.is_healthy)
        return None

    async def _call(self, command: Call) -> Answer:
        request = command.request
        assert self._course is not None  # noqa: S101 - only a course asks
        try:
            if self.failed is not None and not self._course.attempts:
                raise self.failed.error
            answer = await self._asker.call(request, command.deadline, self)
        except ModelError as error:
            failure = TapeFailure(
                error.message, request.model, error.kind, error.status, error.code
            )
            self.failures[TapeKey(hash_request(request), self.trial)] = failure
            raise
        if self.failures:
            self.failures.pop(TapeKey(hash_request(request), self.trial), None)
        return answer

    def _admit(self, model: str) -> _AskingPermit:
        assert self._course is not None  # noqa: S101 - only a course asks
        try:
            self._asker.admit(model, self._course)
        except BreakerOpenError as error:
            key = TapeKey(self._asker.name_request(model, self._course), self.trial)
            refused = TapeFailure(error.message, model, "connection")
            self.failures.setdefault(key, refused)
            raise
        return _AskingPermit(model)

    def settle_cost(self, *, is_sent: bool) -> int | None:
        """Return a call's cost, and release the rest of its reservation."""
        cost: int | None = 0
        if is_sent and self.most != 0:
            cost = None if self.entry is None else self.entry.cost_micros
        if self.held is not None:
            self._asker.settle(self.held, cost)
            self.held = None
        return cost

    async def settle(self, tokens: int | None, *, is_sent: bool) -> None:
        """Replace the reservation by the actual use; zero if nothing was sent."""
        cost = self.settle_cost(is_sent=is_sent)
        if self.reservation is not None:
            try:
                if is_sent:
                    await self.reservation.asettle(cost, tokens)
                else:
                    await self.reservation.arelease()
            finally:
                self.reservation = None
                self._asker.count_settled()


class _AskingPermit(NamedTuple):
    """Replaces a breaker's permit, because evals do not change the breakers of applications."""

    model: str


def _find_cost(price: Price | None, usage: Usage) -> int | None:
    """Return the cost of a call, in micro-dollars; None if unknown."""
    if price is not None and price.is_free:
        return 0
    if price is None or usage.input_tokens is None:
        return None
    return price.cost(usage.input_tokens, usage.output_tokens or 0, usage.cached_tokens or 0)


def _name_all(error: PromptopsError, course: Course) -> PromptopsError:
    """Return a model's error extended by the errors of earlier models; other errors unchanged."""
    if not isinstance(error, ModelError):
        return error
    earlier = {one.model: one.error for one in course.attempts if one.error is not None}
    earlier.pop(error.model, None)
    if not earlier:
        return error
    whole = copy(error)
    whole.message = "; ".join([*earlier.values(), error.message])
    whole.args = (whole.message,)
    return whole
