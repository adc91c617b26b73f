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
from promptops.evals.calling import ModelCalls, QuestionState
from promptops.evals.health import ModelHealth
from promptops.evals.question import LIMITS, Asked, AskingTools, Mode, QuestionPlace
from promptops.evals.steps import FailedCall, QuestionSteps
from promptops.evals.tape import (
    NO_ANSWER,
    TapeEntry,
    TapeKey,
    hash_request,
)
from promptops.evals.trial_log import EVAL, PlainRun, label_run
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.record import FAILED, SUCCEEDED, RunRecord
from promptops.runtime.models.model import Answer, ModelError, Request, Usage
from promptops.runtime.models.tokens import count_tokens
from promptops.runtime.redaction import hidden_inputs, redact
from promptops.runtime.run.commands import (
    RunFacts,
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

    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.commands import Command

# Without these keys, a prompt asks one model once.
_WAYS = frozenset({"routes", "choose", "escalate", "repair", "reply", "rules", "review"})
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


class Asker:
    """Asks models, or reads recorded answers. Belongs to one event loop."""

    def __init__(self, tools: AskingTools) -> None:
        self._tools = tools
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
        self._calls = ModelCalls(tools, self._world)
        self._plain: dict[tuple[str, bool], _PlainPrompt | None] = {}

    @property
    def calls(self) -> int:
        """The number of calls of models."""
        return self._calls.made

    @property
    def replayed(self) -> int:
        """The number of answers from records or other samples."""
        return self._calls.replayed

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
        failed: FailedCall | None = None
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
    ) -> Asked | FailedCall:
        """Run a simple prompt directly, in a quarter of the time of a full run.

        If the call fails, return the failure; the caller continues with a full run, which has
        retries and fallbacks.
        """
        tools = self._tools
        started_at, started = time.time(), time.monotonic()
        messages = resolved.prompt.render(inputs)
        model = at.place.model
        request = Request(model, messages, plain.parameters)
        asking = QuestionState(self._calls, resolved.name, at)
        price = tools.prices.find(model)
        if tools.guards is not None or price is None or not price.is_free:
            asking.bound(estimate(request, self._world))
        asked_at, began = time.time(), time.monotonic()
        try:
            answer = await self._calls.call(request, began + plain.timeout_seconds, asking)
        except PromptopsError as error:
            # A refused request costs nothing.
            is_charged = isinstance(error, ModelError) and error.is_sent and error.kind != "status"
            await asking.settle(None, is_sent=asking.is_sent and is_charged)
            return FailedCall(error, started_at, started, asked_at, time.monotonic() - began)
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
            self._calls.made += 1
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
            self._calls.replayed += 1
        self._calls.keep(at.tape, found)
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
        failed: FailedCall | None = None,
    ) -> Asked:
        """Execute a run's steps; return the result. The first call may have failed already."""
        asking = QuestionSteps(self._calls, self._tools, self._health, first, at, course, failed)
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
        asking: QuestionSteps,
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
