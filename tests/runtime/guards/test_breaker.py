"""A model that keeps failing is left alone, and one request at a time tries it again."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.guards import BreakerSettings
from promptops.runtime.guards.breaker import PROBE_SECONDS, BreakerOpenError, Breakers
from promptops.runtime.guards.memory import MemoryLedger
from tests.runtime.guards.worlds import MODEL, LoopWorld, join_givers

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import Alert


class World:
    """Two processes' breakers on one ledger, with a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.alerts: list[Alert] = []
        ledger = MemoryLedger()
        numbers = itertools.count(1)
        self.here, self.there = (
            Breakers(
                BreakerSettings(3, 60, 30),
                ledger,
                clock=lambda: self.now,
                token=lambda: str(next(numbers)),
                notify=self.alerts.append,
            )
            for _ in range(2)
        )

    def open(self) -> None:
        for _ in range(3):
            self.here.allow(MODEL).report(is_healthy=False)


def test_opens_after_failures_within_the_window_for_every_process() -> None:
    world = World()
    world.open()
    with pytest.raises(BreakerOpenError) as caught:
        world.there.allow(MODEL)
    assert caught.value.frees_at_seconds == world.now + 30
    world.there.allow("openai/other")
    assert [alert.kind for alert in world.alerts] == ["breaker"]


def test_stays_closed_while_failures_are_far_apart() -> None:
    world = World()
    for _ in range(10):
        world.here.allow(MODEL).report(is_healthy=False)
        world.now += 31
    world.here.allow(MODEL)


def test_lets_one_probe_through_and_closes_when_it_succeeds() -> None:
    world = World()
    world.open()
    world.now += 30
    probe = world.here.allow(MODEL)
    assert probe.is_probe
    with pytest.raises(BreakerOpenError):
        world.there.allow(MODEL)
    probe.report(is_healthy=True)
    assert not world.there.allow(MODEL).is_probe


def test_opens_again_when_the_probe_fails() -> None:
    world = World()
    world.open()
    world.now += 30
    world.here.allow(MODEL).report(is_healthy=False)
    with pytest.raises(BreakerOpenError) as caught:
        world.there.allow(MODEL)
    assert caught.value.frees_at_seconds == world.now + 30


def test_another_process_probes_when_a_probe_was_abandoned_or_died() -> None:
    world = World()
    world.open()
    world.now += 30
    world.here.allow(MODEL).report(is_healthy=None)
    dead = world.there.allow(MODEL)
    world.now += PROBE_SECONDS
    assert world.here.allow(MODEL).is_probe
    dead.report(is_healthy=True)
    with pytest.raises(BreakerOpenError):
        world.there.allow(MODEL)


def test_a_clock_that_is_set_back_leaves_no_breaker_open() -> None:
    world = World()
    world.open()
    world.now -= 500_000
    assert world.here.allow(MODEL).is_probe


def test_breakers_wait_in_a_thread() -> None:
    world = LoopWorld()

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
    world = LoopWorld()

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
    world = LoopWorld()

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
    world = LoopWorld()

    async def go() -> None:
        world.ledger.is_gone = True
        await world.open()
        with pytest.raises(BreakerOpenError):
            await world.breakers.aallow(MODEL)
        assert await asyncio.to_thread(world.breakers.is_open, MODEL)

    asyncio.run(go())
