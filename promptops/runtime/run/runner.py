"""Runs prompts: resolves, checks, renders, asks the models, and records what happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import PromptopsError, UsageError
from promptops.runtime.guards.depth import current_depth, nested
from promptops.runtime.guards.guard import GuardError
from promptops.runtime.guards.windows import Scope
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.record import (
    FAILED,
    INTERRUPTED,
    REFUSED,
    SUCCEEDED,
    Decision,
    Event,
    Feedback,
    RunRecord,
)
from promptops.runtime.models.tokens import count_tokens
from promptops.runtime.run.result import Run
from promptops.runtime.run.share import choose_share
from promptops.runtime.run.steps import (
    Admit,
    Call,
    Course,
    Limits,
    Report,
    Reserve,
    Settle,
    Sleep,
    Surroundings,
    stamp,
    take_course,
    total_cost,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from promptops.runtime.guards.breaker import Breakers
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.log.recorder import Recorder
    from promptops.runtime.models import Models
    from promptops.runtime.models.model import Answer, Request
    from promptops.runtime.models.prices import Prices
    from promptops.runtime.registry import Registry
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.steps import Command

_LEASE_MARGIN_SECONDS = 60.0


class Caller(NamedTuple):
    """On whose behalf a prompt runs.

    Attributes:
        user: the person, as the application calls them.
        tenant: the customer, likewise.
        key: what stays with one version while traffic is split; the user when None.
        environment: where limits count it and the log keeps it, instead of where the prompt is
            live: `eval` for what is no real traffic.
        labels: what else the log keeps with the run.
    """

    user: str | None = None
    tenant: str | None = None
    key: str | None = None
    environment: str | None = None
    labels: Mapping[str, str] | None = None


class Spoken(NamedTuple):
    """A piece of a streamed answer.

    Attributes:
        text: the words that are new; empty in the last piece.
        run: the whole run, in the last piece; None before.
    """

    text: str
    run: Run | None = None


class AbandonedError(BaseException):
    """The caller left a stream before its end.

    Python closes nested generators instead of throwing GeneratorExit into them, so the course of
    the run is told by an exception of ours. It never reaches the caller.
    """

    def __repr__(self) -> str:
        """Say what happened, for the log."""
        return "the caller left the stream"


class Plan(NamedTuple):
    """What a run would do, without doing it.

    Attributes:
        resolved: the prompt.
        model: the model that would be asked first.
        request: what would be sent.
        tokens: an upper bound of the tokens of the prompt.
        cost_micros: the most that one attempt may cost, in micro-dollars; None where a price or
            `max_tokens` is missing.
        decisions: the rules that applied.
    """

    resolved: ResolvedPrompt
    model: str
    request: dict[str, Any]
    tokens: int
    cost_micros: int | None
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a runner works with."""

    models: Models
    prices: Prices
    guards: Guards
    breakers: Breakers
    recorder: Recorder
    random_bytes: Callable[[int], bytes]
    random: Callable[[], float]
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    limits: Limits = field(default_factory=Limits)


class Runner:
    """Runs the prompts of one registry. Threads and event loops may share it."""

    def __init__(self, registry: Registry, tools: Tools) -> None:
        self._registry = registry
        self._tools = tools
        self._world = Surroundings(
            tools.clock,
            tools.monotonic,
            tools.random,
            tools.prices.find,
            _count,
            lambda model: tools.prices.window(model).context,
        )

    def run(self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None) -> Run:
        """Run a prompt and return its answer; see `Registry.run`."""
        course = self._begin(ref, inputs, caller, model, self._registry.get)
        try:
            with nested(current_depth() + 1):
                self._drive(course)
        except BaseException as error:
            self._fail(course, error)
            raise
        return self._finish(course)

    async def arun(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Run:
        """As `run`, on an event loop."""
        course = await self._abegin(ref, inputs, caller, model)
        try:
            with nested(current_depth() + 1):
                await self._adrive(course)
        except BaseException as error:
            self._fail(course, error)
            raise
        return self._finish(course)

    def stream(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Iterator[Spoken]:
        """Run a prompt and yield its answer as it is written; the last piece holds the run."""
        course = self._begin(ref, inputs, caller, model, self._registry.get)
        steps = take_course(course, self._world)
        try:
            value: Any = None
            failure: BaseException | None = None
            while True:
                try:
                    command = steps.send(value) if failure is None else steps.throw(failure)
                except StopIteration:
                    break
                value = failure = None
                try:
                    if isinstance(command, Call):
                        answer = None
                        parts = self._tools.models.get(command.request.model).stream(
                            command.request, deadline=command.deadline
                        )
                        with closing(parts):  # type: ignore[type-var]  # every transport yields
                            for part in parts:
                                if part.text:
                                    course.has_spoken = True
                                    yield Spoken(part.text)
                                answer = part.answer or answer
                        value = answer
                    else:
                        value = self._do(command)
                except GeneratorExit:
                    failure = AbandonedError()
                except BaseException as error:  # noqa: BLE001 - the course decides
                    failure = error
        except AbandonedError as error:
            self._fail(course, error)
            return
        except BaseException as error:
            self._fail(course, error)
            raise
        yield Spoken("", self._finish(course))

    async def astream(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> AsyncIterator[Spoken]:
        """As `stream`, on an event loop."""
        course = await self._abegin(ref, inputs, caller, model)
        steps = take_course(course, self._world)
        try:
            value: Any = None
            failure: BaseException | None = None
            while True:
                try:
                    command = steps.send(value) if failure is None else steps.throw(failure)
                except StopIteration:
                    break
                value = failure = None
                try:
                    if isinstance(command, Call):
                        answer = None
                        parts = self._tools.models.get(command.request.model).astream(
                            command.request, deadline=command.deadline
                        )
                        try:
                            async for part in parts:
                                if part.text:
                                    course.has_spoken = True
                                    yield Spoken(part.text)
                                answer = part.answer or answer
                        finally:
                            await parts.aclose()  # type: ignore[attr-defined]  # as above
                        value = answer
                    else:
                        value = await self._ado(command)
                except GeneratorExit:
                    failure = AbandonedError()
                except BaseException as error:  # noqa: BLE001 - the course decides
                    failure = error
        except AbandonedError as error:
            self._fail(course, error)
            return
        except BaseException as error:
            self._fail(course, error)
            raise
        yield Spoken("", self._finish(course))

    def plan(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Plan:
        """Return what a run would do; nothing is asked, reserved or recorded."""
        course = self._prepare(self._new_record(ref, caller), inputs, model, self._registry.get)
        first = course.models[0]
        request = {
            **course.resolved.prompt.request_parameters,
            "model": first,
            "messages": list(course.messages),
        }
        tokens = count_tokens(course.messages, request, first).tokens
        price, most = self._tools.prices.find(first), request.get("max_tokens")
        cost = None if price is None or most is None else price.cost(tokens, most)
        decisions = tuple(course.decisions)
        return Plan(course.resolved, first, request, tokens, cost, decisions)

    def feedback(
        self,
        run_id: str,
        *,
        score: float | None = None,
        label: str | None = None,
        comment: str | None = None,
        by: str | None = None,
    ) -> None:
        """Record what somebody thought of a run's answer."""
        if score is None and label is None and comment is None:
            raise UsageError("feedback without content", hint="give a score, a label or a comment")
        now = self._tools.clock()
        self._tools.recorder.feedback(
            Feedback(self._new_id(now), run_id, now, score, label, comment, by)
        )

    def close(self) -> None:
        """Write what waits to be recorded, and close connections."""
        self._tools.recorder.close()
        self._tools.models.close()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._tools.models.aclose()

    # The stages before a model is asked

    def _new_id(self, now: float) -> str:
        return make_id(now, self._tools.random_bytes(10))

    def _new_record(self, ref: str, caller: Caller) -> RunRecord:
        now = self._tools.clock()
        return RunRecord(
            self._new_id(now),
            ref,
            now,
            user=caller.user,
            tenant=caller.tenant,
            key=caller.key if caller.key is not None else caller.user,
            environment=caller.environment,
            labels=caller.labels,
        )

    def _begin(
        self,
        ref: str,
        inputs: Mapping[str, object],
        caller: Caller,
        model: str | None,
        get: Callable[[str], ResolvedPrompt],
    ) -> Course:
        course = self._prepare(self._new_record(ref, caller), inputs, model, get)
        self._tools.recorder.begin(course.record)
        return course

    async def _abegin(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Course:
        # Only asking the source waits; afterwards the registry answers from what it knows.
        try:
            resolved = await self._registry.get_async(ref)
        except PromptopsError:
            return self._begin(ref, inputs, caller, model, self._registry.get)

        def get(wanted: str) -> ResolvedPrompt:
            return resolved if wanted == ref else self._registry.get(wanted)

        return self._begin(ref, inputs, caller, model, get)

    def _prepare(
        self,
        record: RunRecord,
        inputs: Mapping[str, object],
        model: str | None,
        get: Callable[[str], ResolvedPrompt],
    ) -> Course:
        """Resolve, check the inputs and render; what goes wrong is recorded as a run, too."""
        stage = "resolve"
        try:
            if not isinstance(inputs, Mapping):
                raise UsageError("inputs are no mapping", hint='give {"name": value}')
            self._tools.guards.check_depth()
            resolved = get(record.ref)
            decisions = []
            if len(resolved.split) > 1:
                resolved, why = _follow_share(resolved, record.key, get)
                decisions.append(Decision("share", why))
            record = replace(
                record,
                prompt=resolved.name,
                version=resolved.version,
                digest=resolved.digest,
                commit=resolved.commit,
                environment=record.environment or resolved.environment,
                deployment=None if record.environment else resolved.deployment,
                inputs=dict(inputs),
            )
            stage = "render"
            messages = resolved.prompt.render(inputs)
        except PromptopsError as error:
            if type(error).__name__ == "InputError":
                stage = "inputs"
            error.stage, error.run_id = stage, record.id
            self._record_failure(record, stage, error)
            raise
        fallbacks = resolved.data.get("fallbacks", ())
        models = [model] if model is not None else [resolved.model, *fallbacks]
        if model is not None and model != resolved.model:
            decisions.append(Decision("model", f"{model} was asked for"))
        lease = self._tools.clock() + self._tools.limits.run_seconds + _LEASE_MARGIN_SECONDS
        record = replace(record, model=models[0], messages=messages, lease_until=lease)
        scope = Scope(record.environment, resolved.name, record.user, record.tenant)
        return Course(
            record, resolved, messages, models, scope, self._tools.limits, decisions=decisions
        )

    # Driving

    def _drive(self, course: Course) -> None:
        steps = take_course(course, self._world)
        value: Any = None
        failure: BaseException | None = None
        while True:
            try:
                command = steps.send(value) if failure is None else steps.throw(failure)
            except StopIteration:
                return
            value = failure = None
            try:
                value = self._do(command)
            except BaseException as error:  # noqa: BLE001 - the course decides
                failure = error

    async def _adrive(self, course: Course) -> None:
        steps = take_course(course, self._world)
        value: Any = None
        failure: BaseException | None = None
        while True:
            try:
                command = steps.send(value) if failure is None else steps.throw(failure)
            except StopIteration:
                return
            value = failure = None
            try:
                value = await self._ado(command)
            except BaseException as error:  # noqa: BLE001 - the course decides
                failure = error

    def _do(self, command: Command) -> Any:  # noqa: ANN401 - each command has its result
        if isinstance(command, Call):
            model = self._tools.models.get(command.request.model)
            return model.call(command.request, deadline=command.deadline)
        if isinstance(command, Sleep):
            return self._tools.sleep(command.seconds)
        if isinstance(command, Reserve):
            return self._tools.guards.reserve(
                command.scope,
                key=command.key,
                cost=command.cost,
                tokens=command.tokens,
                lease_seconds=command.lease_seconds,
                request_hash=command.request_hash,
            )
        if isinstance(command, Settle):
            if command.is_sent:
                return command.reservation.settle(command.cost, command.tokens)
            return command.reservation.release()
        return self._ask_breaker(command)

    async def _ado(self, command: Command) -> Any:  # noqa: ANN401 - as above
        if isinstance(command, Call):
            model = self._tools.models.get(command.request.model)
            return await model.acall(command.request, deadline=command.deadline)
        if isinstance(command, Sleep):
            return await asyncio.sleep(command.seconds)
        if isinstance(command, Reserve):
            return await self._tools.guards.areserve(
                command.scope,
                key=command.key,
                cost=command.cost,
                tokens=command.tokens,
                lease_seconds=command.lease_seconds,
                request_hash=command.request_hash,
            )
        if isinstance(command, Settle):
            if command.is_sent:
                return await command.reservation.asettle(command.cost, command.tokens)
            return await command.reservation.arelease()
        return self._ask_breaker(command)

    def _ask_breaker(self, command: Command) -> Any:  # noqa: ANN401 - as above
        if isinstance(command, Admit):
            return self._tools.breakers.allow(command.model)
        assert isinstance(command, Report)  # noqa: S101 - there is no other command
        return command.permit.succeeded() if command.is_healthy else command.permit.failed()

    # Recording

    def _finish(self, course: Course) -> Run:
        answer: Answer | None = course.answer
        assert answer is not None  # noqa: S101 - a course without an answer ends in an error
        cost = total_cost(course.attempts)
        is_degraded = course.model != course.models[0]
        self._tools.recorder.finish(
            replace(
                course.record,
                status=SUCCEEDED,
                model=course.model,
                ms=(self._tools.clock() - course.record.started_at) * 1000,
                cost_micros=cost,
                input_tokens=answer.usage.input_tokens,
                output_tokens=answer.usage.output_tokens,
                cached_tokens=answer.usage.cached_tokens,
                usage_source=answer.usage.source,
                finish=answer.finish,
                is_degraded=is_degraded,
                decisions=tuple(course.decisions),
                answer=answer.text,
                tool_calls=tuple(
                    {"id": one.id, "name": one.name, "arguments": one.arguments}
                    for one in answer.tool_calls
                ),
            ),
            course.attempts,
        )
        self._tell_alarms(course)
        return Run(
            course.record.id,
            course.resolved,
            answer.text,
            course.data,
            course.model,
            answer.finish,
            answer.usage,
            cost,
            tuple(course.attempts),
            tuple(course.decisions),
            is_degraded=is_degraded,
            tool_calls=answer.tool_calls,
            _tell=self.feedback,
        )

    def _fail(self, course: Course, error: BaseException) -> None:
        if isinstance(error, PromptopsError):
            stamp(error, course)
        record = replace(
            course.record,
            cost_micros=total_cost(course.attempts),
            decisions=tuple(course.decisions),
            answer=None if course.answer is None else course.answer.text,
        )
        self._record_failure(record, course.stage, error, course)
        self._tell_alarms(course)

    def _record_failure(
        self, record: RunRecord, stage: str, error: BaseException, course: Course | None = None
    ) -> None:
        self._tools.recorder.finish(
            replace(
                record,
                status=_status_of(error),
                stage=stage,
                error=error.message if isinstance(error, PromptopsError) else repr(error),
                error_kind=type(error).__name__,
                ms=(self._tools.clock() - record.started_at) * 1000,
            ),
            () if course is None else course.attempts,
        )

    def _tell_alarms(self, course: Course) -> None:
        now = self._tools.clock()
        for error in course.alarms:
            detail = {"model": error.model, "status": error.status, "kind": error.kind}
            self._tools.recorder.event(
                Event(self._new_id(now), now, "model_refused", course.record.id, detail)
            )


def _status_of(error: BaseException) -> str:
    if isinstance(error, GuardError):
        return REFUSED
    # Whoever cancels, interrupts or leaves a run ends it before its time.
    return FAILED if isinstance(error, Exception) else INTERRUPTED


def _count(request: Request) -> int:
    return count_tokens(request.messages, request.parameters, request.model).tokens


def _follow_share(
    resolved: ResolvedPrompt, key: str | None, get: Callable[[str], ResolvedPrompt]
) -> tuple[ResolvedPrompt, str]:
    """Return the version that serves this caller while traffic is split, and why."""
    chosen = choose_share(resolved.split, resolved.name, key)
    why = f"{chosen.version} has {chosen.share} % in {resolved.environment}"
    if key is None:
        return resolved, f"{why}; without key and user the first version is taken"
    if chosen.version == resolved.version:
        return resolved, why
    other = get(f"{resolved.name}@{chosen.version}")
    found = replace(
        other,
        ref=resolved.ref,
        placement=resolved.placement,
        split=resolved.split,
        authenticated=resolved.authenticated,
        is_stale=resolved.is_stale,
        fetched_at_seconds=resolved.fetched_at_seconds,
    )
    return found, why
