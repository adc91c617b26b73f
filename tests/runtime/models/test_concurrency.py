"""One model used by many threads and event loops, by forked processes, and after a loop is gone."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.runtime.models.transports import acall, ask, call, in_child

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.models.model import Answer
    from promptops.runtime.models.openai import Channel, OpenAIModel
    from tests.runtime.provider import Provider

THREADS = 200


# Each call of the second way has an event loop and a session of its own, so nothing is used again.
@pytest.mark.story
@pytest.mark.parametrize(("way", "turns"), [(call, 3), (acall, 1)])
def test_two_hundred_threads_at_once_get_each_its_own_answer(
    model: OpenAIModel, provider: Provider, way: Callable[[OpenAIModel, str], Answer], turns: int
) -> None:
    together = threading.Barrier(THREADS, timeout=60)

    def work(number: int) -> list[str]:
        together.wait()
        return [way(model, f"thread {number} call {turn}").text for turn in range(turns)]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(work, range(THREADS)))
    assert answers == [
        [f"thread {number} call {turn}" for turn in range(turns)] for number in range(THREADS)
    ]
    assert len(provider.requests) == turns * THREADS


@pytest.mark.story
def test_threads_share_connections_and_keep_a_bounded_number(
    model: OpenAIModel, channel: Channel, provider: Provider
) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: call(model, str(number)), range(2 * THREADS)))
    for number in range(20):
        call(model, str(number))
    assert provider.connections <= THREADS
    assert len(channel.connections(channel.address("m"))._idle) <= 64


@pytest.mark.slow
def test_streams_of_many_threads_do_not_mix(model: OpenAIModel) -> None:
    def work(number: int) -> str:
        text = f"{number} " * 20
        parts = model.stream(ask(text), deadline=time.monotonic() + 60)
        return "".join(part.text for part in parts)

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(work, range(100))) == [f"{number} " * 20 for number in range(100)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("way", [call, acall])
def test_a_forked_process_has_connections_of_its_own(
    model: OpenAIModel, provider: Provider, way: Callable[[OpenAIModel, str], Answer]
) -> None:
    assert way(model, "parent").text == "parent"
    assert in_child(lambda: way(model, "child").text == "child")
    assert way(model, "parent again").text == "parent again"
    first, child, again = (one.connection for one in provider.requests)
    assert child != first
    if way is call:
        assert again == first


def test_a_model_is_usable_after_it_was_closed(model: OpenAIModel) -> None:
    async def work() -> str:
        deadline = time.monotonic() + 60
        await model.acall(ask("one"), deadline=deadline)
        await model.aclose()
        return (await model.acall(ask("two"), deadline=deadline)).text

    assert asyncio.run(work()) == "two"
    model.close()
    assert call(model, "three").text == "three"
