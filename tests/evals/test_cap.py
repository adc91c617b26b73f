"""The cap of a run: what it reserves, who waits, and that it holds."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.cap import CapError, CostCap


def test_a_cap_is_never_exceeded_and_waits_for_what_is_in_flight() -> None:
    async def scenario() -> list[str]:
        cost_cap = CostCap(100)
        said = []
        held = await cost_cap.take(60, "m")

        async def second() -> None:
            taken = await cost_cap.take(60, "m")
            said.append("taken")
            cost_cap.settle(taken, None)

        task = asyncio.create_task(second())
        await asyncio.sleep(0)
        said.append("waiting")
        cost_cap.settle(held, 40)
        await task
        assert cost_cap.spent == 100
        with pytest.raises(CapError):
            await cost_cap.take(1, "m")
        return said

    assert asyncio.run(scenario()) == ["waiting", "taken"]


def test_a_cap_of_nothing_lets_free_calls_through() -> None:
    async def scenario() -> None:
        cost_cap = CostCap(0)
        cost_cap.settle(await cost_cap.take(0, "m"), 0)
        with pytest.raises(CapError):
            await cost_cap.take(None, "m")

    asyncio.run(scenario())


@pytest.mark.story
@settings(deadline=None)
@given(
    st.integers(0, 100),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12),
)
def test_a_cap_holds_whatever_calls_cost(cap: int, calls: list[tuple[int, int]]) -> None:
    async def one(cost_cap: CostCap, most: int, cost: int) -> None:
        try:
            held = await cost_cap.take(most, "m")
        except CapError:
            return
        await asyncio.sleep(0)
        cost_cap.settle(held, min(cost, most))
        assert cost_cap.spent <= cap

    async def scenario() -> None:
        cost_cap = CostCap(cap)
        async with asyncio.timeout(10):  # nobody waits for ever
            await asyncio.gather(*(one(cost_cap, most, cost) for most, cost in calls))
        assert cost_cap.spent <= cap

    asyncio.run(scenario())
