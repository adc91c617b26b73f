"""A streamed answer: an error before the first event is an ordinary answer, a later one an event."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from promptops.runtime.models.model import ModelError
from promptops.runtime.run.interface import StreamPart
from promptops.server.calls import ClientGoneError, HttpEntry
from promptops.server.streams import EventStream
from tests.server.pieces import answer, make_service

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from promptops.server.calls import HttpCall
    from promptops.server.streams import Wording

RUN: Any = SimpleNamespace(id="run-1")
FAULT = ModelError("x", model="a/b", kind="status", is_sent=True)


class Words:
    """Events of one word each."""

    def say(self, piece: StreamPart) -> bytes:
        return f"say {piece.text};".encode()

    def end(self, run: Any) -> bytes:
        return f"end {run.id};".encode()

    def fail(self, error: dict[str, Any]) -> bytes:
        return f"fail {error['error']['code']} {error['error']['request_id']};".encode()


class Stream:
    """A stream of parts and errors, the key that asked for it, and the entry in the log."""

    def __init__(self, folder: Path, *pieces: StreamPart | Exception) -> None:
        self.service, text, self.lines = make_service(folder)
        key = self.service.authenticate(f"Bearer {text}")
        self.entry = HttpEntry("r-7")
        call = SimpleNamespace(service=self.service, key=key, entry=self.entry)
        self.is_closed = False
        self.stream = EventStream(
            cast("HttpCall", call), self._yield(pieces), cast("Wording", Words())
        )

    async def _yield(
        self, pieces: tuple[StreamPart | Exception, ...]
    ) -> AsyncGenerator[StreamPart]:
        try:
            for piece in pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
                if piece is LAST:
                    await asyncio.Event().wait()
            pytest.fail("more was asked for")
        finally:
            self.is_closed = True

    def read(self) -> str:
        """What a client that stays reads."""
        reply = asyncio.run(answer(self.stream, {"type": "http"}))
        assert reply.status == 200
        assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
        return reply.body.decode()


# After this one the model says nothing more.
LAST = StreamPart("a", None, "run-1")


def part(text: str) -> StreamPart:
    return StreamPart(text, None, "run-1")


def test_a_stream_says_each_part_and_ends_with_the_run(tmp_path: Path) -> None:
    stream = Stream(tmp_path, part("a"), part("b"), StreamPart("", RUN, "run-1"))
    assert stream.read() == "say a;say b;end run-1;"
    assert stream.entry.run_id == "run-1"
    assert stream.is_closed


def test_a_failure_before_the_first_part_begins_no_stream(tmp_path: Path) -> None:
    stream = Stream(tmp_path, FAULT)
    with pytest.raises(ModelError):
        stream.read()
    assert stream.entry.code is None


def test_a_later_failure_is_the_last_event_and_in_the_log(tmp_path: Path) -> None:
    stream = Stream(tmp_path, part("a"), FAULT)
    assert stream.read() == "say a;fail model r-7;"
    assert stream.entry.code == "model"
    assert [line["event"] for line in stream.lines] == ["error"]


def test_a_key_that_is_revoked_ends_its_stream(tmp_path: Path) -> None:
    stream = Stream(tmp_path, part("a"), part("b"))
    stream.service.keyfile.change(lambda keys: keys.revoke("tests", 1)[0])
    assert stream.read() == "say a;fail key r-7;"
    assert stream.is_closed


def test_a_client_that_goes_ends_the_run(tmp_path: Path) -> None:
    stream = Stream(tmp_path, LAST)

    async def run() -> None:
        gone = asyncio.Event()

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                gone.set()

        await stream.stream({}, receive, send)

    with pytest.raises(ClientGoneError):
        asyncio.run(run())
    assert stream.is_closed
