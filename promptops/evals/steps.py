"""Execute the steps of a run for a question of an eval."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.evals.calling import QuestionState
from promptops.evals.question import Mode
from promptops.evals.tape import TapeFailure, TapeKey, hash_request
from promptops.runtime.guards.breaker import BreakerOpenError
from promptops.runtime.models.model import ModelError, Request
from promptops.runtime.run.commands import Admit, Call, Find, Report, Reserve, Settle, Sleep

if TYPE_CHECKING:
    from promptops.errors import PromptopsError
    from promptops.evals.calling import ModelCalls
    from promptops.evals.health import ModelHealth
    from promptops.evals.question import AskingTools, QuestionPlace
    from promptops.runtime.models.model import Answer
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.commands import Command
    from promptops.runtime.run.course import Course


class FailedCall(NamedTuple):
    """A failed plain call, which a full run continues; times by both clocks."""

    error: PromptopsError
    started_at: float
    started: float
    asked_at: float
    seconds: float


class QuestionSteps(QuestionState):
    """The steps of one question.

    Attributes:
        failed: the first call if it failed before the course began.
        failures: the last error of each unanswered request.

    Args:
        calls: the calls of the eval.
        tools: what asking needs.
        health: which models keep failing.
        first: the prompt, before its routes.
        at: the place of the question.
        course: the course of the run.
        failed: see the attribute.
    """

    __slots__ = ("_course", "_first", "_health", "_tools", "failed", "failures")

    def __init__(  # noqa: PLR0917 - each is another thing
        self,
        calls: ModelCalls,
        tools: AskingTools,
        health: ModelHealth,
        first: ResolvedPrompt,
        at: QuestionPlace,
        course: Course,
        failed: FailedCall | None,
    ) -> None:
        super().__init__(calls, first.name, at)
        self._tools = tools
        self._health = health
        self._first = first
        self._course = course
        self.failed = failed
        self.failures: dict[TapeKey, TapeFailure] = {}

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
            return self._find(command.ref)
        elif isinstance(command, Admit):
            return self._admit(command.model)
        elif isinstance(command, Report):
            permit: Any = command.permit
            self._report(permit.model, is_healthy=command.is_healthy)
        return None

    async def _call(self, command: Call) -> Answer:
        request = command.request
        try:
            if self.failed is not None and not self._course.attempts:
                raise self.failed.error
            answer = await self._calls.call(request, command.deadline, self)
        except ModelError as error:
            failure = TapeFailure(
                error.message, request.model, error.kind, error.status, error.code
            )
            self.failures[TapeKey(hash_request(request), self.trial)] = failure
            raise
        if self.failures:
            self.failures.pop(TapeKey(hash_request(request), self.trial), None)
        return answer

    def _admit(self, model: str) -> QuestionPermit:
        try:
            # Raises for a model that keeps failing, if there is one after it.
            if self._tools.mode is not Mode.REPLAY and model != self._course.models[-1]:
                self._health.check(model)
        except BreakerOpenError as error:
            key = TapeKey(self._name_request(model), self.trial)
            refused = TapeFailure(error.message, model, "connection")
            self.failures.setdefault(key, refused)
            raise
        return QuestionPermit(model)

    def _name_request(self, model: str) -> str:
        """Return the hash of the request that the model would get."""
        request = Request(
            model, self._course.messages, self._course.resolved.prompt.wire_parameters
        )
        safety = self._tools.safety
        return hash_request(request if safety is None else safety.seal(request, self._course))

    def _report(self, model: str, *, is_healthy: bool | None) -> None:
        """Record how a call of a model ended; None: unknown."""
        if is_healthy is not None:
            self._health.note(model, is_healthy=is_healthy)

    def _find(self, ref: str) -> ResolvedPrompt:
        """Resolve a route's ref. Traffic shares and pauses are ignored."""
        found = self._first
        if ref != self._first.ref:
            assert self._tools.find is not None  # noqa: S101 - runs come with it
            found = self._tools.find(ref)
        return replace(found, split=(), paused=None)


class QuestionPermit(NamedTuple):
    """A permit instead of a breaker's, because evals do not change the breakers of applications."""

    model: str
