"""The pace of a run: how many trials a provider stands at once."""

from __future__ import annotations

import asyncio

from promptops.evals.pace import Pace


def test_pace_halves_once_for_a_burst_of_refusals_and_recovers() -> None:
    async def scenario() -> list[int]:
        pace = Pace(8)
        limits = []

        async def trial(*, refused: bool) -> None:
            async with pace:
                await asyncio.sleep(0)
                if refused:
                    pace.brake()
                limits.append(pace.limit)

        await asyncio.gather(*(trial(refused=True) for _ in range(8)))
        lowest = min(limits)
        await asyncio.gather(*(trial(refused=False) for _ in range(200)))
        return [lowest, limits[-1]]

    lowest, last = asyncio.run(scenario())
    assert 1 <= lowest <= 4
    assert last == 8
