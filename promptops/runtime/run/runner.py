"""Run prompts: in a thread, on an event loop, or as a stream."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing, closing, contextmanager
from typing import TYPE_CHECKING, Any

from promptops.errors import PromptopsError, UsageError
from promptops.runtime.alerts.alert import describe_refusal
from promptops.runtime.guards.depth import current_depth
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.record import (
    FAILED,
    INTERRUPTED,
    REFUSED,
    Event,
    Feedback,
    RunRecord,
)
from promptops.runtime.models.model import Request
from promptops.runtime.models.tokens import count_tokens
from promptops.runtime.run.commands import (
    Call,
    RunFacts,
)
from promptops.runtime.run.course import Course
from promptops.runtime.run.driving import AbandonedError, Commands
from promptops.runtime.run.ending import end_record, fail_record
from promptops.runtime.run.execution import CommandExecutor, is_long
from promptops.runtime.run.handle import Handle
from promptops.runtime.run.interface import Caller, Plan, StreamPart, Tools
from promptops.runtime.run.nesting import enclosing_run
from promptops.runtime.run.preparation import prepare
from promptops.runtime.run.recording import MadeCall, make_record
from promptops.runtime.run.reopening import name_version, reopen
from promptops.runtime.run.request import estimate
from promptops.runtime.run.result import Run
from promptops.runtime.run.steps import (
    continue_course,
    take_course,
    total_cost,
)
from promptops.runtime.run.turns import Turns
from promptops.runtime.safety.error import SafetyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Sequence

    from promptops.runtime.log.record import LogEntry
    from promptops.runtime.models import Models
    from promptops.runtime.registry import Registry
    from promptops.runtime.run.commands import Command

    Steps = Generator[Command, Any, None]


class Runner:
    """Runs the prompts of one registry. Threads and event loops may share it."""

    def __init__(self, registry: Registry, tools: Tools) -> None:
        self._registry = registry
        self._tools = tools
        self._world = RunFacts(
            tools.clock,
            tools.monotonic,
            tools.random,
            tools.prices.find,
            _count,
            lambda model: tools.prices.window(model).context,
            tools.allows,
            tools.guards.check_depth,
            registry.describe_pause,
            self._new_id,
            tools.cache,
            _refused,
            tools.safety,
        )
        self._turns = Turns()
        self._executor = CommandExecutor(registry, tools, self._turns)

    @property
    def models(self) -> Models:
        """The open models."""
        return self._tools.models

    def run(self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None) -> Run:
        """Run a prompt and return its answer; see `Registry.run`."""
        course = self._start(ref, inputs, caller, model)
        return self.take(course, take_course(course, self._world))

    async def arun(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Run:
        """As `run`, on an event loop."""
        course = self._start(ref, inputs, caller, model)
        return await self.atake(course, take_course(course, self._world))

    def stream(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Iterator[StreamPart]:
        """Run a prompt and stream its answer; the last part has the run."""
        course = self._start(ref, inputs, caller, model)
        return self.take_parts(course, take_course(course, self._world))

    def astream(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> AsyncIterator[StreamPart]:
        """As `stream`, on an event loop."""
        course = self._start(ref, inputs, caller, model)
        return self.atake_parts(course, take_course(course, self._world))

    def plan(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Plan:
        """Return what a run would do. Calls, reserves and records nothing."""
        course = self._start(ref, inputs, caller, model)
        try:
            self._drive(prepare(course, self._world))
        except PromptopsError as error:
            error.stage = course.stage
            raise
        decisions = tuple(course.decisions)
        if course.answer is not None:
            return Plan(course.resolved, None, {}, 0, 0, decisions, course.answer.text)
        first = course.models[0]
        request = Request(first, course.messages, course.resolved.prompt.wire_parameters)
        bounds = estimate(request, self._world)
        shown = {
            **course.resolved.prompt.request_parameters,
            "model": first,
            "messages": list(course.messages),
        }
        limits = () if course.scope is None else self._tools.guards.rules(course.scope)
        return Plan(
            course.resolved,
            first,
            shown,
            bounds.prompt_tokens,
            bounds.cost,
            decisions,
            limits=tuple(limits),
        )

    def reopen(self, run_id: str) -> Run:
        """Return a waiting run from the log; see `Registry.waiting_run`."""
        with closing(self._tools.open_log()) as log:
            entry = log.get(run_id)
        prompt = self._registry.find(name_version(entry.run))
        course = reopen(entry, prompt, self._tools.limits)
        return self._make_run(course, total_cost(course.attempts))

    def record(self, made: MadeCall, caller: Caller) -> str:
        """Record a call that the application made itself; return the run's id."""
        begun = self._new_record(made.prompt.ref, caller)
        run, attempt = make_record(made, begun, self._tools.prices.find)
        self._tools.recorder.finish(run, [attempt])
        if self._tools.telemetry is not None:
            self._tools.telemetry.end(run, [attempt], self._tools.telemetry.begin(run))
        return run.id

    def feedback(
        self,
        run_id: str,
        *,
        score: float | None = None,
        label: str | None = None,
        comment: str | None = None,
        by: str | None = None,
    ) -> None:
        """Record feedback on a run's answer."""
        if score is None and label is None and comment is None:
            raise UsageError("feedback is empty", hint="pass a score, a label or a comment")
        now = self._tools.clock()
        self._tools.recorder.feedback(
            Feedback(self._new_id(), run_id, now, score, label, comment, by)
        )

    def find_run(self, run_id: str) -> LogEntry:
        """Return a run's log entry.

        Raises:
            NotFoundError: there is no such run.
            LogError: the log is unreadable.
        """
        return self._tools.recorder.get(run_id)

    def close(self) -> None:
        """Write pending records and settlements, and close connections."""
        if self._tools.alerter is not None:
            self._tools.alerter.close()
        self._tools.recorder.close()
        self._tools.guards.close()
        self._tools.models.close()
        if self._tools.telemetry is not None:
            self._tools.telemetry.close()

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._tools.models.aclose()

    # Driving

    def _new_id(self) -> str:
        return make_id(self._tools.clock(), self._tools.random_bytes(10))

    def _new_record(self, ref: str, caller: Caller) -> RunRecord:
        return RunRecord(
            self._new_id(),
            ref,
            self._tools.clock(),
            user=caller.user,
            tenant=caller.tenant,
            key=caller.key if caller.key is not None else caller.user,
            labels=caller.labels,
            parent_id=enclosing_run(),
        )

    def _start(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> Course:
        if not isinstance(inputs, Mapping):
            raise UsageError("inputs are not a mapping", hint='give {"name": value}')
        record = self._new_record(ref, caller)
        limits, depth = self._tools.limits, current_depth()
        began = self._tools.monotonic()
        return Course(record, inputs, model, limits, caller.environment, depth=depth, began=began)

    def go_on(self, course: Course, messages: Sequence[Mapping[str, Any]]) -> Steps:
        """Return the steps that continue a run after its answer."""
        return continue_course(course, self._world, messages)

    def take(self, course: Course, steps: Steps) -> Run:
        """Execute the steps of a run in this thread, and record its end."""
        with self._recording(course):
            self._drive(steps)
        return self._finish(course)

    def _drive(self, steps: Steps) -> None:
        commands = Commands(steps)
        for command in commands:
            with commands:
                commands.result = self._executor.do(command)

    async def atake(self, course: Course, steps: Steps) -> Run:
        """As `take`, on an event loop."""
        with self._recording(course):
            await self._turns.take()
            commands = Commands(steps)
            for command in commands:
                with commands:
                    commands.result = await self._executor.ado(command)
        return await self._afinish(course)

    @contextmanager
    def _recording(self, course: Course) -> Iterator[None]:
        """Record an error that ends a run, and raise it again."""
        if self._tools.telemetry is not None:
            course.told = len(course.attempts)
            course.begun = self._tools.telemetry.begin(course.record)
        try:
            yield
        except BaseException as error:
            self._fail(course, error)
            if isinstance(error, AbandonedError):
                raise GeneratorExit from None
            raise

    def take_parts(self, course: Course, steps: Steps) -> Iterator[StreamPart]:
        """As `take`, but stream the answer."""
        course.is_streamed = True
        with self._recording(course):
            commands = Commands(steps)
            for command in commands:
                with commands:
                    if not isinstance(command, Call):
                        commands.result = self._executor.do(command)
                        continue
                    model = self._tools.models.get(command.request.model)
                    parts = model.stream(command.request, deadline=command.deadline)
                    with closing(parts):  # type: ignore[type-var]  # every transport yields
                        for part in parts:
                            if part.text and self._hear(course, part.text):
                                yield StreamPart(part.text, None, course.record.id)
                            commands.result = part.answer or commands.result
        run = self._finish(course)
        yield from _last_parts(course, run)

    async def atake_parts(self, course: Course, steps: Steps) -> AsyncIterator[StreamPart]:
        """As `take_parts`, on an event loop."""
        course.is_streamed = True
        with self._recording(course):
            await self._turns.take()
            commands = Commands(steps)
            for command in commands:
                with commands:
                    if not isinstance(command, Call):
                        commands.result = await self._executor.ado(command)
                        continue
                    model = self._tools.models.get(command.request.model)
                    parts = model.astream(command.request, deadline=command.deadline)
                    async with aclosing(parts):  # type: ignore[type-var]  # as above
                        async for part in parts:
                            if part.text and self._hear(course, part.text):
                                yield StreamPart(part.text, None, course.record.id)
                            commands.result = part.answer or commands.result
                    await self._turns.take()
        run = await self._afinish(course)
        for last in _last_parts(course, run):
            yield last

    def _hear(self, course: Course, text: str) -> bool:
        """Record a part of a streamed answer; return whether it may be passed on now."""
        if course.first_at is None:
            course.first_at = self._tools.monotonic()
        course.heard.append(text)
        if course.is_held:
            return False
        course.has_spoken = True
        return True

    # Recording

    def _finish(self, course: Course) -> Run:
        record = end_record(course, self._measure(course), is_cached=_is_cached(course))
        self._tools.recorder.finish(record, course.attempts)
        self._tell(course, record)
        for review in course.reviews:
            self._tools.recorder.review(review)
        course.reviews.clear()
        self._tell_alarms(course)
        return self._make_run(course, record.cost_micros)

    async def _afinish(self, course: Course) -> Run:
        """As `_finish`, but long redacting and writing does not block the event loop."""
        answer = course.answer
        if not is_long(course.messages, "" if answer is None else answer.text):
            return self._finish(course)
        import asyncio

        return await asyncio.to_thread(self._finish, course)

    def _make_run(self, course: Course, cost: int | None) -> Run:
        answer = course.answer
        assert answer is not None  # noqa: S101 - as above
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
            is_degraded=course.is_degraded,
            tool_calls=answer.tool_calls,
            _handle=Handle(self, course),
        )

    def _fail(self, course: Course, error: BaseException) -> None:
        if isinstance(error, PromptopsError):
            error.stage, error.run_id = course.stage, course.record.id
        record = fail_record(course, error, _status_of(error), self._measure(course))
        self._tools.recorder.finish(record, course.attempts)
        self._tell(course, record)
        self._tell_alarms(course)

    def _tell(self, course: Course, record: RunRecord) -> None:
        if self._tools.telemetry is not None:
            attempts = course.attempts[course.told :]
            self._tools.telemetry.end(record, attempts, course.begun)

    def _measure(self, course: Course) -> float:
        """Return a run's duration in milliseconds, independent of clock changes."""
        if course.began is not None:
            return (self._tools.monotonic() - course.began) * 1000
        # The run began in another process.
        return max(0.0, self._tools.clock() - course.record.started_at) * 1000

    def _tell_alarms(self, course: Course) -> None:
        now = self._tools.clock()
        for error in course.alarms:
            detail = {"model": error.model, "status": error.status, "kind": error.kind}
            self._tools.recorder.event(
                Event(self._new_id(), now, "model_refused", course.record.id, detail)
            )
            if self._tools.alerter is not None:
                record = course.record
                self._tools.alerter.notify(
                    describe_refusal(error, prompt=record.prompt, run_id=record.id, now=now)
                )
        course.alarms.clear()
        for kind, detail in course.findings:
            event = Event(self._new_id(), now, kind, course.record.id, detail)
            self._tools.recorder.event(event)
            if self._tools.telemetry is not None:
                self._tools.telemetry.event(kind, detail)
        course.findings.clear()


def _last_parts(course: Course, run: Run) -> Iterator[StreamPart]:
    """Yield the text, unless a part of it was passed on before, and then the run."""
    if not course.has_spoken and run.text:
        yield StreamPart(run.text, None, run.id)
    yield StreamPart("", run, run.id)


def _status_of(error: BaseException) -> str:
    if isinstance(error, GuardError | SafetyError):
        return REFUSED
    # Exceptions that end a run early: cancelled, interrupted or abandoned.
    return FAILED if isinstance(error, Exception) else INTERRUPTED


def _refused(model: str) -> frozenset[str]:
    """Return the parameters that a model is known to refuse."""
    from promptops.checks.models import find_model

    known = find_model(model)
    return frozenset() if known is None else known.refused


def _is_cached(course: Course) -> bool:
    return not course.attempts and any(one.rule == "cache" for one in course.decisions)


def _count(request: Request) -> int:
    return count_tokens(request.messages, request.parameters, request.model).tokens
