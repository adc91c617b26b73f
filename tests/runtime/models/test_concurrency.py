"""One model used by many threads and event loops, by forked processes, and after a loop is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.models.model import Endpoint
from promptops.runtime.models.openai import Channel, OpenAIModel
from tests.runtime.models.transports import ask
from tests.runtime.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptops.runtime.models.model import Answer

THREADS = 200
linux = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="this system does not list open files"
)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as one:
        yield one


@pytest.fixture
def channel(provider: Provider) -> Channel:
    return Channel(Endpoint(provider.base_url), None, {})


@pytest.fixture
def model(channel: Channel) -> Iterator[OpenAIModel]:
    one = OpenAIModel("wire-model", channel)
    yield one
    one.close()


def call(model: OpenAIModel, text: str) -> Answer:
    return model.call(ask(text), deadline=time.monotonic() + 60)


def acall(model: OpenAIModel, text: str) -> Answer:
    async def work() -> Answer:
        return await model.acall(ask(text), deadline=time.monotonic() + 60)

    return asyncio.run(work())


def connected(provider: Provider) -> int:
    """How many sockets of this process are connected to the provider."""
    count = 0
    for name in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not name.readlink().name.startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(name.name))) as one:
                # A socket pair of an event loop has a name that is empty.
                count += one.getpeername()[1:2] == (provider.port,)
    return count


# --- threads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [call, acall])
def test_two_hundred_threads_at_once_get_each_its_own_answer(
    model: OpenAIModel, provider: Provider, way: Callable[[OpenAIModel, str], Answer]
) -> None:
    together = threading.Barrier(THREADS, timeout=60)

    def work(number: int) -> list[str]:
        together.wait()
        return [way(model, f"thread {number} call {turn}").text for turn in range(3)]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(work, range(THREADS)))
    assert answers == [
        [f"thread {number} call {turn}" for turn in range(3)] for number in range(THREADS)
    ]
    assert len(provider.requests) == 3 * THREADS


def test_threads_share_connections_and_keep_a_bounded_number(
    model: OpenAIModel, channel: Channel, provider: Provider
) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: call(model, str(number)), range(2 * THREADS)))
    for number in range(20):
        call(model, str(number))
    assert provider.connections <= THREADS
    assert len(channel.connections(channel.address("m"))._idle) <= 64


def test_streams_of_many_threads_do_not_mix(model: OpenAIModel) -> None:
    def work(number: int) -> str:
        text = f"{number} " * 20
        parts = model.stream(ask(text), deadline=time.monotonic() + 60)
        return "".join(part.text for part in parts)

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(work, range(100))) == [f"{number} " * 20 for number in range(100)]


# --- forks ---------------------------------------------------------------------------------------


def in_child(work: Callable[[], bool]) -> bool:
    """Do some work in a forked process, and return what it found."""
    child = os.fork()
    if child == 0:
        code = 3
        with contextlib.suppress(BaseException):
            code = 0 if work() else 1
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


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


# --- event loops ---------------------------------------------------------------------------------


@linux
def test_a_loop_closes_its_own_sessions(
    model: OpenAIModel, channel: Channel, provider: Provider
) -> None:
    for number in range(5):
        assert acall(model, str(number)).text == str(number)
    assert channel.sessions(channel.address("m"))._open == {}
    assert connected(provider) == 0


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


@linux
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


@linux
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


def test_a_model_is_usable_after_it_was_closed(model: OpenAIModel) -> None:
    async def work() -> str:
        deadline = time.monotonic() + 60
        await model.acall(ask("one"), deadline=deadline)
        await model.aclose()
        return (await model.acall(ask("two"), deadline=deadline)).text

    assert asyncio.run(work()) == "two"
    model.close()
    assert call(model, "three").text == "three"
