"""Settlements are made now, together, or when the ledger is back."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from promptops.runtime.guards import settling
from promptops.runtime.guards.refusal import GuardError
from tests.runtime.guards.worlds import (
    SCOPE,
    DeadLedger,
    LoopWorld,
    World,
    strict,
)


def test_a_settlement_waits_for_a_ledger_that_is_out_of_reach() -> None:
    ledger = DeadLedger()
    ledger.is_dead = False
    world = World(strict(100), ledger)
    one = world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=9)
    ledger.is_dead = True
    one.settle(10, None)
    ledger.is_dead = False
    assert world.spent("guards.spend_per_hour") == 60
    world.guards.reserve(SCOPE, key="b", cost=90, tokens=1, lease_seconds=9)
    assert world.spent("guards.spend_per_hour") == 100


@pytest.mark.parametrize("settles_together", [1, 2, 7, 100])
def test_a_limit_is_the_same_however_many_are_settled_together(settles_together: int) -> None:
    world = LoopWorld(settles_together)

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
    world = LoopWorld(100)
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
    world = LoopWorld(3)

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
    world = LoopWorld(100)

    async def go(key: str) -> None:
        one = await world.reserve(key, 20)
        world.ledger.entered.clear()
        await one.asettle(5, 1)
        assert await asyncio.to_thread(world.ledger.entered.wait, 30)

    for number in range(2):
        asyncio.run(go(str(number)))
    assert world.spent() == 10


def test_what_waits_to_be_settled_survives_a_ledger_that_is_gone() -> None:
    world = LoopWorld(100)

    async def go() -> None:
        await (await world.reserve("a", 60)).asettle(1, 1)
        world.ledger.is_gone = True
        with pytest.raises(GuardError, match="cannot be checked"):
            await world.reserve("b", 60)
        world.ledger.is_gone = False
        await world.reserve("c", 60)

    asyncio.run(go())
    assert world.spent() == 61


def test_a_cancelled_caller_still_settles() -> None:
    world = LoopWorld()

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
