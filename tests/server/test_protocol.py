"""Timeouts and bounds of one connection, with a clock that only the test moves."""

from __future__ import annotations

from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from promptops.server.protocol import BoundedProtocol, make_protocol
from promptops.server.service import ServiceBounds

BOUNDS = ServiceBounds(header_seconds=3, write_seconds=5, header_bytes=100)


class Timer:
    def __init__(self, seconds: float, act: Any) -> None:
        self.seconds, self.act, self.is_cancelled = seconds, act, False

    def cancel(self) -> None:
        self.is_cancelled = True


class Loop:
    """Notes timers and tasks, and runs none."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.tasks: list[Any] = []

    def call_later(self, seconds: float, act: Any, *_: Any) -> Timer:
        self.timers.append(Timer(seconds, act))
        return self.timers[-1]

    def create_task(self, work: Any, **_: Any) -> Any:
        work.close()
        self.tasks.append(work)
        return self

    def add_done_callback(self, _: Any) -> None:
        """As a task has it."""


class Transport:
    def __init__(self) -> None:
        self.written = b""
        self.ended = ""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)

    def get_extra_info(self, _: str, default: object = None) -> object:
        return default

    def pause_reading(self) -> None:
        """As a transport has it."""

    resume_reading = pause_reading


class Connection:
    """A connection to the protocol, and the timers that it has not cancelled."""

    def __init__(self) -> None:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            """Answer nothing."""

        config = Config(application, ws="none", log_config=None, lifespan="off")
        config.load()
        self.loop, self.transport = Loop(), Transport()
        made: Any = make_protocol(BOUNDS)
        self.protocol: BoundedProtocol = made(config, ServerState(), {}, self.loop)
        given: Any = self.transport
        self.protocol.connection_made(given)

    @property
    def waiting(self) -> list[float]:
        return [one.seconds for one in self.loop.timers if not one.is_cancelled]

    def run_out(self) -> str:
        """Let the timer that waits end; give what became of the connection."""
        (timer,) = [one for one in self.loop.timers if not one.is_cancelled]
        timer.act()
        return self.transport.ended


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_a_request_that_does_not_come_is_waited_for_once(sent: bytes) -> None:
    connection = Connection()
    if sent:
        connection.protocol.data_received(sent)
    assert connection.waiting == [3]
    assert connection.run_out() == "closed"


def test_a_request_that_is_there_is_not_waited_for() -> None:
    connection = Connection()
    connection.protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert connection.waiting == []
    assert len(connection.loop.tasks) == 1


@pytest.mark.parametrize(
    ("sent", "is_refused"),
    [
        (b"GET /" + 60 * b"a" + b" HTTP/1.1\r\nA: " + 30 * b"b" + b"\r\n\r\n", False),
        (b"GET /" + 99 * b"a" + b" HTTP/1.1\r\nA: b\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nA: " + 99 * b"b" + b"\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\n" + 10 * b"A123: 67890\r\n" + b"\r\n", False),
        (b"GET / HTTP/1.1\r\n" + 12 * b"A123: 67890\r\n" + b"\r\n", True),
    ],
)
def test_path_and_headers_have_one_bound(sent: bytes, is_refused: bool) -> None:
    connection = Connection()
    connection.protocol.data_received(sent)
    assert connection.transport.written.startswith(b"HTTP/1.1 400 ") == is_refused
    assert (len(connection.loop.tasks) == 0) == is_refused


def test_a_client_that_does_not_read_is_waited_for_once() -> None:
    connection = Connection()
    connection.protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.protocol.pause_writing()
    connection.protocol.pause_writing()
    assert connection.waiting == [5]
    connection.protocol.resume_writing()
    assert connection.waiting == []
    connection.protocol.pause_writing()
    assert connection.run_out() == "aborted"


def test_nothing_is_waited_for_after_the_end() -> None:
    connection = Connection()
    connection.protocol.pause_writing()
    assert connection.waiting == [3, 5]
    connection.protocol.connection_lost(None)
    assert connection.waiting == []
