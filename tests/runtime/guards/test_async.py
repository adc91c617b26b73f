"""On an event loop nothing waits for the ledger, and nothing that was taken is forgotten."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from promptops.repository.settings.guards import BreakerSettings, GuardSettings, Limits
from promptops.runtime.guards import settling
from promptops.runtime.guards.breaker import BreakerOpenError, Breakers
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.guards.windows import Scope
from promptops.runtime.ledger import GIVING_BACK, LedgerBusyError, LedgerError

NOW = 1_796_000_400.0
SCOPE = Scope("production", "support/triage")
MODEL = "openai/gpt-4o"


class RemoteLedger(MemoryLedger):
    """One that waits, which it must never do in the thread of the event loop.

    While `gate` is closed its answers are on their way.
    """

    is_remote = True

    def __init__(self) -> None:
        super().__init__()
        self.loop_thread = threading.get_ident()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.is_gone = False
        self.reads = 0

    def _wait(self, *, wait: bool) -> None:
        if not wait:
            raise LedgerBusyError("it would have to wait")
        assert threading.get_ident() != self.loop_thread
        self.entered.set()
        assert self.gate.wait(30)
        if self.is_gone:
            raise LedgerError("it does not answer")

    def reserve(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        return super().reserve(*args, wait=wait, **options)

    def settle(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        return super().settle(*args, wait=wait, **options)

    def read_note(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        self.reads += 1
        return super().read_note(*args, wait=wait, **options)

    def swap_note(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        return super().swap_note(*args, wait=wait, **options)


def join_givers() -> None:
    for thread in threading.enumerate():
        if thread.name == GIVING_BACK:
            thread.join(30)


class World:
    """Guards and breakers on one ledger, with clocks that a test moves."""

    def __init__(self, settles_together: int = 1) -> None:
        self.ledger = RemoteLedger()
        self.now = NOW
        self.ticks = 0.0
        settings = GuardSettings(limits=Limits(spend_per_hour=100), is_strict=True)
        self.guards = Guards(
            settings, self.ledger, clock=lambda: self.now, settles_together=settles_together
        )
        self.breakers = Breakers(
            BreakerSettings(2, 60, 30),
            self.ledger,
            clock=lambda: self.now,
            token=lambda: "token",
            monotonic=lambda: self.ticks,
        )

    async def reserve(self, key: str, cost: int) -> Any:
        return await self.guards.areserve(SCOPE, key=key, cost=cost, tokens=1, lease_seconds=60)

    def spent(self) -> int:
        return self.guards.standings()[0].spent

    async def open(self) -> None:
        for _ in range(2):
            await (await self.breakers.aallow(MODEL)).areport(is_healthy=False)


def test_reserving_and_settling_wait_in_a_thread() -> None:
    world = World()

    async def go() -> None:
        one = await world.reserve("a", 60)
        with pytest.raises(GuardError):
            await world.reserve("b", 60)
        await one.asettle(10, 1)
        two = await world.reserve("c", 90)
        await two.arelease()

    asyncio.run(go())
    assert world.spent() == 10


@pytest.mark.parametrize("settles_together", [1, 100])
def test_many_at_once_reach_the_limit_exactly(settles_together: int) -> None:
    world = World(settles_together)

    async def go() -> list[Any]:
        return await asyncio.gather(
            *(world.reserve(str(number), 1) for number in range(150)), return_exceptions=True
        )

    found = asyncio.run(go())
    assert sum(isinstance(one, GuardError) for one in found) == 50
    assert world.spent() == 100


@pytest.mark.parametrize("settles_together", [1, 2, 7, 100])
def test_a_limit_is_the_same_however_many_are_settled_together(settles_together: int) -> None:
    world = World(settles_together)

    async def attempt(number: int) -> bool:
        try:
            one = await world.reserve(str(number), 10)
        except GuardError:
            return False
        await one.asettle(1, 1)
        return True

    async def go() -> list[bool]:
        found = [await attempt(number) for number in range(125)]
        await asyncio.to_thread(world.guards.close)
        return found

    found = asyncio.run(go())
    # As long as ten more fit beside what was used, whatever waits to be settled.
    assert sum(found) == 91
    assert world.spent() == 91


def test_a_loop_that_ends_leaves_settlements_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.runtime.guards.settling._SETTLE_SECONDS", 0)
    world = World(100)
    complaints: list[dict[str, Any]] = []

    async def go() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: complaints.append(context))
        one = await world.reserve("a", 60)
        await loop.shutdown_default_executor()
        await one.asettle(10, 1)
        # Let the timer run.
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(go())
    assert complaints == []
    closing = threading.Thread(target=world.guards.close)
    closing.start()
    closing.join(30)
    assert world.spent() == 10


def test_settlements_wait_for_each_other() -> None:
    world = World(3)

    async def go() -> None:
        both = [await world.reserve(str(number), 20) for number in range(2)]
        for one in both:
            await one.asettle(5, 1)
        assert world.spent() == 40
        # The third one makes them worth a call, which the next reservation makes.
        await (await world.reserve("c", 20)).arelease()
        await world.reserve("d", 20)
        assert world.spent() == 30

    asyncio.run(go())


def test_a_settlement_that_nothing_follows_is_made_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settling, "_SETTLE_SECONDS", 0.0)
    world = World(100)

    async def go(key: str) -> None:
        one = await world.reserve(key, 20)
        world.ledger.entered.clear()
        await one.asettle(5, 1)
        assert await asyncio.to_thread(world.ledger.entered.wait, 30)

    for number in range(2):
        asyncio.run(go(str(number)))
    assert world.spent() == 10


def test_what_waits_to_be_settled_survives_a_ledger_that_is_gone() -> None:
    world = World(100)

    async def go() -> None:
        await (await world.reserve("a", 60)).asettle(1, 1)
        world.ledger.is_gone = True
        with pytest.raises(GuardError, match="cannot be checked"):
            await world.reserve("b", 60)
        world.ledger.is_gone = False
        await world.reserve("c", 60)

    asyncio.run(go())
    assert world.spent() == 61


def test_a_cancelled_caller_gives_back_what_arrives_too_late() -> None:
    world = World()

    async def go() -> None:
        world.ledger.gate.clear()
        task = asyncio.ensure_future(world.reserve("a", 60))
        await asyncio.to_thread(world.ledger.entered.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        world.ledger.gate.set()

    asyncio.run(go())
    join_givers()
    assert world.spent() == 0


def test_a_cancelled_caller_still_settles() -> None:
    world = World()

    async def go() -> None:
        one = await world.reserve("a", 60)
        world.ledger.entered.clear()
        world.ledger.gate.clear()
        task = asyncio.ensure_future(one.asettle(10, 1))
        await asyncio.to_thread(world.ledger.entered.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        world.ledger.gate.set()

    asyncio.run(go())
    assert world.spent() == 10


def test_a_ledger_that_goes_away_refuses_and_is_settled_when_it_is_back() -> None:
    world = World()

    async def go() -> None:
        one = await world.reserve("a", 60)
        world.ledger.is_gone = True
        await one.asettle(10, 1)
        with pytest.raises(GuardError) as caught:
            await world.reserve("b", 1)
        assert caught.value.guard == "guards.ledger"
        world.ledger.is_gone = False
        await world.reserve("c", 90)

    asyncio.run(go())
    assert world.spent() == 100


def test_breakers_wait_in_a_thread() -> None:
    world = World()

    async def go() -> None:
        await world.open()
        with pytest.raises(BreakerOpenError):
            await world.breakers.aallow(MODEL)
        world.now += 30
        probe = await world.breakers.aallow(MODEL)
        assert probe.is_probe
        with pytest.raises(BreakerOpenError):
            await world.breakers.aallow(MODEL)
        await probe.areport(is_healthy=True)
        assert not (await world.breakers.aallow(MODEL)).is_probe

    asyncio.run(go())


def test_a_cancelled_caller_gives_its_probe_back() -> None:
    world = World()

    async def go() -> None:
        await world.open()
        world.now += 30
        world.ledger.entered.clear()
        world.ledger.gate.clear()
        task = asyncio.ensure_future(world.breakers.aallow(MODEL))
        await asyncio.to_thread(world.ledger.entered.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        world.ledger.gate.set()

    asyncio.run(go())
    join_givers()

    async def probe() -> bool:
        return (await world.breakers.aallow(MODEL)).is_probe

    assert asyncio.run(probe())


def test_a_closed_breaker_is_looked_at_once_a_second() -> None:
    world = World()

    async def go() -> None:
        for _ in range(5):
            await (await world.breakers.aallow(MODEL)).areport(is_healthy=True)
        assert world.ledger.reads == 1
        world.ticks += 1
        await world.breakers.aallow(MODEL)
        assert world.ledger.reads == 2
        # What this process sees itself counts at once.
        await world.open()
        with pytest.raises(BreakerOpenError):
            await world.breakers.aallow(MODEL)

    asyncio.run(go())


def test_breakers_work_alone_while_the_ledger_is_gone() -> None:
    world = World()

    async def go() -> None:
        world.ledger.is_gone = True
        await world.open()
        with pytest.raises(BreakerOpenError):
            await world.breakers.aallow(MODEL)
        assert await asyncio.to_thread(world.breakers.is_open, MODEL)

    asyncio.run(go())
