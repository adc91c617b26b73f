"""Limits refuse before money is spent, give back what was not used, and say when they free."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from promptops.errors import UsageError
from promptops.repository.settings.guards import GuardSettings, Limits
from promptops.runtime.guards.refusal import GuardError
from tests.runtime.guards.worlds import (
    HOUR,
    SCOPE,
    DeadLedger,
    LoopWorld,
    World,
    join_givers,
    strict,
)


def test_refuses_at_the_limit_and_frees_with_the_hour() -> None:
    world = World(strict(100))
    world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=60)
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(SCOPE, key="b", cost=41, tokens=1, lease_seconds=60)
    error = caught.value
    assert (error.guard, error.limit, error.spent) == ("guards.spend_per_hour", 100, 60)
    assert error.frees_at_seconds == HOUR + 3600
    assert [alert.kind for alert in world.alerts] == ["guard"]
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
    world.now += 3600
    world.guards.reserve(SCOPE, key="b", cost=41, tokens=1, lease_seconds=60)


def test_a_refusal_takes_nothing_from_any_window() -> None:
    settings = GuardSettings(
        limits=Limits(spend_per_hour=1000), per_user=Limits(spend_per_hour=10), is_strict=True
    )
    world = World(settings)
    with pytest.raises(GuardError, match="this call alone"):
        world.guards.reserve(SCOPE, key="a", cost=11, tokens=1, lease_seconds=60)
    assert world.spent("guards.spend_per_hour") == 0


def test_evals_touch_no_window_but_their_own() -> None:
    settings = GuardSettings(
        limits=Limits(spend_per_hour=100),
        environments={"eval": Limits(spend_per_hour=50)},
        is_strict=True,
    )
    world = World(settings)
    scope = SCOPE._replace(environment="eval")
    for key in ("a", "b"):
        world.guards.reserve(
            scope, key=key, cost=25, tokens=1, lease_seconds=9, request_hash="same"
        )
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(scope, key="c", cost=1, tokens=1, lease_seconds=9)
    assert caught.value.guard == "guards.environments.eval.spend_per_hour"
    assert world.spent("guards.spend_per_hour") == 0


def test_an_unknown_cost_is_refused_only_where_somebody_limited_spending() -> None:
    World(GuardSettings()).guards.reserve(SCOPE, key="a", cost=None, tokens=None, lease_seconds=9)
    with pytest.raises(GuardError, match="lacks max_tokens"):
        World(strict(100)).guards.reserve(
            SCOPE, key="a", cost=None, tokens=None, lease_seconds=9, unknown="max_tokens"
        )


def test_identical_requests_of_one_caller_are_limited_each_minute() -> None:
    world = World(GuardSettings(identical_per_minute=2))
    for key in ("a", "b"):
        world.guards.reserve(SCOPE, key=key, cost=1, tokens=1, lease_seconds=9, request_hash="h")
    with pytest.raises(GuardError, match="the same request was made 2 times"):
        world.guards.reserve(SCOPE, key="c", cost=1, tokens=1, lease_seconds=9, request_hash="h")
    other = SCOPE._replace(user="u-2")
    world.guards.reserve(other, key="d", cost=1, tokens=1, lease_seconds=9, request_hash="h")
    world.now += 60
    world.guards.reserve(SCOPE, key="e", cost=1, tokens=1, lease_seconds=9, request_hash="h")


def test_an_unreachable_ledger_refuses_where_money_is_guarded() -> None:
    world = World(strict(100), DeadLedger())
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(SCOPE, key="a", cost=1, tokens=1, lease_seconds=9)
    assert caught.value.guard == "guards.ledger"
    assert [alert.kind for alert in world.alerts] == ["ledger"]


def test_an_unreachable_ledger_counts_here_where_that_was_asked_for() -> None:
    settings = GuardSettings(
        limits=Limits(spend_per_hour=100),
        on_ledger_down="local",
        local_spend_per_hour=5,
        is_strict=True,
    )
    world = World(settings, DeadLedger())
    assert world.guards.reserve(SCOPE, key="a", cost=5, tokens=1, lease_seconds=9).is_local
    with pytest.raises(GuardError) as caught:
        world.guards.reserve(SCOPE, key="b", cost=1, tokens=1, lease_seconds=9)
    assert caught.value.guard == "guards.local_spend_per_hour"


def test_a_reset_keeps_what_runs_still_hold_and_says_who_and_why() -> None:
    world = World(strict(100))
    world.guards.reserve(SCOPE, key="a", cost=60, tokens=1, lease_seconds=9).settle(60, 1)
    running = world.guards.reserve(SCOPE, key="b", cost=40, tokens=1, lease_seconds=9)
    with pytest.raises(UsageError, match="needs a reason"):
        world.guards.reset(by="Jane", reason=" ")
    record = world.guards.reset(by="Jane", reason="the loop is fixed")
    assert [held for _, held in record.windows] == [100]
    assert world.spent("guards.spend_per_hour") == 40
    running.settle(15, 1)
    assert world.spent("guards.spend_per_hour") == 15
    assert [(one.by, one.reason) for one in world.ledger.resets()] == [
        ("Jane", "the loop is fixed")
    ]


def test_reserving_and_settling_wait_in_a_thread() -> None:
    world = LoopWorld()

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
    world = LoopWorld(settles_together)

    async def go() -> list[Any]:
        return await asyncio.gather(
            *(world.reserve(str(number), 1) for number in range(150)), return_exceptions=True
        )

    found = asyncio.run(go())
    assert sum(isinstance(one, GuardError) for one in found) == 50
    assert world.spent() == 100


def test_a_cancelled_caller_gives_back_what_arrives_too_late() -> None:
    world = LoopWorld()

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


def test_a_ledger_that_goes_away_refuses_and_is_settled_when_it_is_back() -> None:
    world = LoopWorld()

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
