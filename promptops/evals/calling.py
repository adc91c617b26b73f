"""Get the answer to one request: from records, from another sample, or from a model.

A model is only asked within the cost limit and the limits of the environment `eval`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.evals.question import Mode
from promptops.evals.tape import TapeEntry, TapeKey, hash_request, redact_answer
from promptops.evals.trial_log import EVAL
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.guards.windows import Scope
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.request import estimate
from promptops.runtime.run.steps import CALL_MARGIN_SECONDS

if TYPE_CHECKING:
    from promptops.evals.question import AskingTools, QuestionPlace
    from promptops.evals.tape import Tape
    from promptops.repository.prices import Price
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.guards.reservation import Reservation
    from promptops.runtime.models.model import Answer, Request, Usage
    from promptops.runtime.run.commands import RunFacts
    from promptops.runtime.run.request import Bounds

_NEVER_SENT = {"key", "install"}
_TOO_MANY = 429


class ModelCalls:
    """The calls of one eval. Belongs to one event loop.

    Attributes:
        made: the number of calls of models.
        replayed: the number of answers from records or other samples.
    """

    def __init__(self, tools: AskingTools, facts: RunFacts) -> None:
        self._tools = tools
        self._facts = facts
        # Questions in flight; with a future if another question waits for the answer.
        self._flying: dict[TapeKey, asyncio.Future[TapeEntry] | None] = {}
        self._asked = 0
        # Calls that have a reservation, or are getting one.
        self._reserved = 0
        self._settled = 0
        self._waiting: list[asyncio.Future[None]] = []
        self.made = 0
        self.replayed = 0

    async def call(self, request: Request, deadline: float, question: QuestionState) -> Answer:
        """Return the answer to a request: from the tape, the journal, or the model."""
        key = TapeKey(hash_request(request), question.trial)
        tools = self._tools
        found = question.tape.find(key) if tools.mode is Mode.REPLAY else None
        if found is None and tools.mode is Mode.REPLAY:
            raise question.tape.explain(question.place, question.trial)
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
            self.keep(question.tape, found)
            question.take(found, is_replayed=True)
            self.replayed += 1
            return found.answer
        return await self._call_model(request, deadline, key, question)

    async def _call_model(
        self, request: Request, deadline: float, key: TapeKey, question: QuestionState
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
                question.bound(estimate(sent, self._facts))
            question.most = 0 if is_free else question.most
            began = time.monotonic()
            question.held = await tools.cost_cap.take(question.most, name)
            if tools.guards is not None:
                lease = deadline - began + CALL_MARGIN_SECONDS
                await self._reserve(tools.guards, question, number, lease)
            started = time.monotonic()
            # Waiting for the cost limit does not count as latency.
            deadline += started - began
            question.is_sent = True
            self.made += 1
            answer = await model.acall(sent, deadline=deadline)
            taken = time.monotonic() - started
        except BaseException as error:
            if isinstance(error, ModelError):
                self.made -= error.kind in _NEVER_SENT
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
        entry = TapeEntry(key, question.place, answer, taken, cost)
        tools.journal.add(entry)
        self.keep(question.tape, entry)
        question.take(entry, is_replayed=False)
        if flying is not None:
            flying.set_result(entry)
        return answer

    async def _reserve(
        self, guards: Guards, question: QuestionState, number: int, lease_seconds: float
    ) -> None:
        """Reserve a call in the limits of the environment `eval`.

        Calls in flight count at their highest cost, so a call that does not fit waits for them. It
        is refused only if none are left.
        """
        while True:
            settled = self._settled
            # Other calls wait from here on: the ledger may count it before this task learns of it.
            self._reserved += 1
            try:
                question.reservation = await guards.areserve(
                    Scope(EVAL, question.prompt, None, None),
                    key=f"{self._tools.name}/{number}",
                    cost=question.most,
                    tokens=question.tokens,
                    lease_seconds=lease_seconds,
                )
            except GuardError:
                self._reserved -= 1
                if settled != self._settled:
                    continue
                if not self._reserved:
                    self._wake()
                    raise
                waiter = asyncio.get_running_loop().create_future()
                self._waiting.append(waiter)
                await waiter
            except BaseException:
                self._reserved -= 1
                self._wake()
                raise
            else:
                return

    def count_settled(self) -> None:
        """Count a settled reservation, and let calls that wait for one try again."""
        self._reserved -= 1
        self._settled += 1
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def keep(self, tape: Tape, entry: TapeEntry) -> None:
        """Add an answer to the cassette if it is being recorded."""
        if self._tools.mode is Mode.RECORD:
            tape.add(entry)

    def settle(self, held: int, cost: int | None) -> None:
        """Replace a call's reservation by its cost."""
        self._tools.cost_cap.settle(held, cost)


class QuestionState:
    """The result of one question so far, and the reservations for its call.

    Args:
        calls: the calls of the eval.
        prompt: the prompt's name.
        at: the place of the question.
    """

    __slots__ = (
        *("cost_micros", "entry", "held", "is_replayed", "is_sent", "most", "place", "prompt"),
        *("reservation", "seconds", "tape", "tokens", "trial"),
        "_calls",
    )

    def __init__(self, calls: ModelCalls, prompt: str, at: QuestionPlace) -> None:
        self._calls = calls
        self.prompt = prompt
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

    def settle_cost(self, *, is_sent: bool) -> int | None:
        """Return a call's cost, and release the rest of its reservation."""
        cost: int | None = 0
        if is_sent and self.most != 0:
            cost = None if self.entry is None else self.entry.cost_micros
        if self.held is not None:
            self._calls.settle(self.held, cost)
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
                self._calls.count_settled()


def _find_cost(price: Price | None, usage: Usage) -> int | None:
    """Return the cost of a call, in micro-dollars; None if unknown."""
    if price is not None and price.is_free:
        return 0
    if price is None or usage.input_tokens is None:
        return None
    return price.cost(usage.input_tokens, usage.output_tokens or 0, usage.cached_tokens or 0)
