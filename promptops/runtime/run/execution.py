"""Execute the commands of a run: in a thread, or on an event loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from promptops.runtime.answers import Answers, Flight, Kept, PendingAnswer, from_data, to_data
from promptops.runtime.log.answers import CachedAnswer
from promptops.runtime.run.commands import (
    Admit,
    Begin,
    Call,
    Find,
    Land,
    Recall,
    Report,
    Reserve,
    Settle,
    Sleep,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.runtime.registry import Registry
    from promptops.runtime.run.commands import Command
    from promptops.runtime.run.interface import Tools
    from promptops.runtime.run.turns import Turns

# Redacting and compressing longer texts takes tens of milliseconds.
_LONG_CHARACTERS = 1 << 18


class CommandExecutor:
    """Executes the commands of one registry's runs. Threads and event loops may share it.

    Args:
        registry: finds prompts.
        tools: the dependencies of the runner.
        turns: the turns of runs on an event loop.
    """

    def __init__(self, registry: Registry, tools: Tools, turns: Turns) -> None:
        self._registry = registry
        self._tools = tools
        self._turns = turns
        self._answers = Answers(tools.cache, clock=tools.monotonic)

    def do(self, command: Command) -> Any:  # noqa: ANN401 - each command has its result
        """Execute a command in this thread; return its result."""
        if isinstance(command, Find):
            return self._registry.find(command.ref, command.version)
        if isinstance(command, Call):
            model = self._tools.models.get(command.request.model)
            return model.call(command.request, deadline=command.deadline)
        if isinstance(command, Recall):
            return self._recall(command)
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
                unknown=command.lacking,
            )
        if isinstance(command, Settle):
            if command.is_sent:
                return command.reservation.settle(command.cost, command.tokens)
            return command.reservation.release()
        if isinstance(command, Admit):
            return self._tools.breakers.allow(command.model)
        if isinstance(command, Report):
            return command.permit.report(is_healthy=command.is_healthy)
        return self._do_at_once(command)

    async def ado(self, command: Command) -> Any:  # noqa: ANN401 - as above
        """As `do`, on an event loop."""
        if isinstance(command, Find):
            return await self._registry.find_async(command.ref, command.version)
        if isinstance(command, Call):
            model = self._tools.models.get(command.request.model)
            try:
                return await model.acall(command.request, deadline=command.deadline)
            finally:
                await self._turns.take()
        if isinstance(command, Recall):
            return await self._arecall(command)
        if isinstance(command, Sleep):
            return await self._tools.asleep(command.seconds)
        if isinstance(command, Reserve):
            return await self._tools.guards.areserve(
                command.scope,
                key=command.key,
                cost=command.cost,
                tokens=command.tokens,
                lease_seconds=command.lease_seconds,
                request_hash=command.request_hash,
                unknown=command.lacking,
            )
        if isinstance(command, Settle):
            if command.is_sent:
                return await command.reservation.asettle(command.cost, command.tokens)
            return await command.reservation.arelease()
        if isinstance(command, Admit):
            return await self._tools.breakers.aallow(command.model)
        if isinstance(command, Report):
            return await command.permit.areport(is_healthy=command.is_healthy)
        return await self._ado_at_once(command)

    def _do_at_once(self, command: Command) -> Any:  # noqa: ANN401 - as above
        if isinstance(command, Land):
            return self._land(command)
        assert isinstance(command, Begin)  # noqa: S101 - there is no other command
        return self._tools.recorder.begin(command.record)

    async def _ado_at_once(self, command: Command) -> Any:  # noqa: ANN401 - as above
        """As `_do_at_once`, in a thread if redacting and writing take long."""
        if not isinstance(command, Begin) or not is_long(command.record.messages, ""):
            return self._do_at_once(command)
        import asyncio

        return await asyncio.to_thread(self._do_at_once, command)

    def _land(self, command: Land) -> None:
        key, flight, kept, is_shared = command
        self._answers.land(key, flight, kept)
        if kept is not None and is_shared:
            cache = self._tools.cache
            one = CachedAnswer(kept.run_id, to_data(kept.answer))
            self._tools.recorder.store_answer(key, one, cache.ttl_seconds, cache.megabytes)

    def _join(self, command: Recall) -> Kept | Flight | PendingAnswer | None:
        """Return the answer in memory or in the log; else what `Answers.join` returns.

        The log is asked even for an answer in memory: its run may have been erased meanwhile.
        """
        key, recorder = command.key, self._tools.recorder
        found = self._answers.join(key, leads=command.leads)
        if isinstance(found, Kept) and not recorder.has_run(found.run_id):
            self._answers.forget(key, found)
            found = self._answers.join(key, leads=command.leads)
        if isinstance(found, Kept | PendingAnswer):
            return found
        stored = None
        try:
            stored = recorder.find_answer(key)
            kept = None if stored is None else Kept(from_data(stored.answer), stored.run_id)
        except BaseException:
            self._answers.land(key, found, None)
            raise
        if kept is None:
            return found
        # A waiting caller finds it in the log too; in memory it would outlive `ttl`.
        self._answers.land(key, found, None)
        return kept

    def _recall(self, command: Recall) -> Kept | Flight | None:
        while True:
            found = self._join(command)
            if not isinstance(found, PendingAnswer):
                return found
            if found.thread == threading.get_ident():
                # A run of this event loop calls the model, and this call blocks the loop.
                return None
            try:
                kept = found.future.result(max(command.deadline - self._tools.monotonic(), 0))
            except TimeoutError:
                return None
            if kept is not None:
                return kept

    async def _arecall(self, command: Recall) -> Kept | Flight | None:
        import asyncio

        while True:
            found = self._join(command)
            if not isinstance(found, PendingAnswer):
                return found
            wait = max(command.deadline - self._tools.monotonic(), 0)
            try:
                # Cancelling one waiter must not cancel the future that others wait for.
                kept = await asyncio.wait_for(
                    asyncio.shield(asyncio.wrap_future(found.future)), wait
                )
            except TimeoutError:
                return None
            if kept is not None:
                return kept


def is_long(messages: Sequence[Mapping[str, Any]] | None, answer: str) -> bool:
    """Return whether recording takes so long that an event loop must not wait for it."""
    size = len(answer)
    for message in messages or ():
        content = message.get("content")
        size += len(content) if isinstance(content, str) else 0
    return size > _LONG_CHARACTERS
