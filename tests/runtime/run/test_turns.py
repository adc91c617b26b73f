"""An event loop does other things between the runs that it makes."""

from __future__ import annotations

import asyncio
import gc
import itertools

import pytest

from promptops.runtime.run.turns import _AT_ONCE, Turns


def test_few_go_on_in_one_round_of_the_loop_and_all_in_order() -> None:
    order: list[int] = []
    rounds: list[int] = []

    async def work(turns: Turns, number: int) -> None:
        await turns.take()
        order.append(number)

    async def watch() -> None:
        while len(order) < 50:
            rounds.append(len(order))
            await asyncio.sleep(0)

    async def main() -> None:
        turns = Turns()
        await asyncio.gather(watch(), *(work(turns, number) for number in range(50)))

    asyncio.run(main())
    assert order == list(range(50))
    steps = [after - before for before, after in itertools.pairwise(rounds)]
    assert max(steps) <= _AT_ONCE


def test_who_is_cancelled_while_waiting_takes_nobodys_turn() -> None:
    async def main() -> list[int]:
        turns = Turns()
        done: list[int] = []

        async def work(number: int) -> None:
            await turns.take()
            done.append(number)

        tasks = [asyncio.create_task(work(number)) for number in range(20)]
        await asyncio.sleep(0)
        for task in tasks[8:16]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(one, asyncio.CancelledError) for one in results) == 8
        return done

    assert asyncio.run(main()) == [*range(8), *range(16, 20)]


@pytest.mark.story
def test_each_loop_has_turns_of_its_own() -> None:
    turns = Turns()

    async def take() -> None:
        for _ in range(3):
            await turns.take()

    for _ in range(3):
        asyncio.run(take())
    gc.collect()
    with pytest.raises(RuntimeError):
        turns.take().send(None)
