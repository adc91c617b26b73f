"""Each event loop has one session, which ends with it; a forked process has its own."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.runtime.models.transports import acall, ask, call, connected, in_child

if TYPE_CHECKING:
    from promptops.runtime.models.openai import Channel, OpenAIModel
    from tests.runtime.provider import Provider


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_inside_a_running_loop_leaves_the_parents_session_alone(
    model: OpenAIModel, provider: Provider
) -> None:
    async def work() -> tuple[str, bool, str]:
        deadline = time.monotonic() + 60
        first = await model.acall(ask("one"), deadline=deadline)
        # A child cannot go on with its parent's loop, but may start one in another thread.
        forked = in_child(lambda: _in_thread(model) == "child")
        again = await model.acall(ask("two"), deadline=deadline)
        return first.text, forked, again.text

    assert asyncio.run(work()) == ("one", True, "two")
    connections = [one.connection for one in provider.requests]
    assert connections[0] == connections[-1]
    assert connections[1] != connections[0]


def _in_thread(model: OpenAIModel) -> str:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(acall(model, "child").text))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="this system does not list open files"
)
def test_a_loop_closes_its_own_sessions(
    model: OpenAIModel, channel: Channel, provider: Provider
) -> None:
    for number in range(5):
        assert acall(model, str(number)).text == str(number)
    assert channel.sessions(channel.address("m"))._open == {}
    assert connected(provider) == 0


@pytest.mark.story
def test_many_calls_on_one_loop_share_a_session(model: OpenAIModel, provider: Provider) -> None:
    async def work() -> list[str]:
        deadline = time.monotonic() + 60
        for _ in range(20):
            await model.acall(ask("warm"), deadline=deadline)
        answers = await asyncio.gather(
            *(model.acall(ask(str(number)), deadline=deadline) for number in range(300))
        )
        return [one.text for one in answers]

    assert asyncio.run(work()) == [str(number) for number in range(300)]
    assert {one.connection for one in provider.requests[:20]} == {1}
    assert provider.connections <= 300


def run_and_abandon(model: OpenAIModel, text: str) -> asyncio.AbstractEventLoop:
    """Run a call on a loop, and close it without shutting its generators down."""
    loop = asyncio.new_event_loop()
    answer = loop.run_until_complete(model.acall(ask(text), deadline=time.monotonic() + 60))
    assert answer.text == text
    loop.close()
    return loop


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="this system does not list open files"
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_loop_that_was_closed_without_ceremony_leaks_no_socket(
    model: OpenAIModel, channel: Channel, provider: Provider
) -> None:
    loops = [run_and_abandon(model, f"loop {number}") for number in range(3)]
    # Each loop drops what the one before it left, and does not use it.
    assert provider.connections == 3
    assert connected(provider) == 1
    assert acall(model, "another").text == "another"
    sessions = channel.sessions(channel.address("m"))
    assert all(id(loop) not in sessions._open for loop in loops)
    model.close()
    assert sessions._open == {}
    assert connected(provider) == 0


@pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="this system does not list open files"
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_closing_a_model_drops_the_sessions_of_closed_loops(
    model: OpenAIModel, provider: Provider
) -> None:
    run_and_abandon(model, "gone")
    assert connected(provider) == 1
    model.close()
    assert connected(provider) == 0
    assert call(model, "still usable").text == "still usable"


def test_closing_on_one_loop_leaves_the_session_of_another(
    model: OpenAIModel, provider: Provider
) -> None:
    is_open, may_go = threading.Event(), threading.Event()
    answers: list[str] = []

    async def other() -> None:
        deadline = time.monotonic() + 60
        answers.append((await model.acall(ask("one"), deadline=deadline)).text)
        is_open.set()
        await asyncio.to_thread(may_go.wait, 30)
        answers.append((await model.acall(ask("two"), deadline=deadline)).text)

    async def close() -> None:
        await model.acall(ask("mine"), deadline=time.monotonic() + 60)
        await model.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(other()))
    thread.start()
    assert is_open.wait(30)
    asyncio.run(close())
    may_go.set()
    thread.join()
    assert answers == ["one", "two"]
    connections = {one.json["messages"][0]["content"]: one.connection for one in provider.requests}
    assert connections["one"] == connections["two"]
