"""Stream an answer as server-sent events."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol

from promptops.server.calls import note_failure, until_gone
from promptops.server.problems import HttpProblem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from promptops.runtime.run.interface import StreamPart
    from promptops.runtime.run.result import Run
    from promptops.server.calls import HttpCall, Receive, Scope, Send

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Otherwise nginx buffers the whole answer.
    (b"x-accel-buffering", b"no"),
]


class Wording(Protocol):
    """The format of an answer's events."""

    def say(self, piece: StreamPart) -> bytes:
        """Return the events for a part of the answer."""

    def end(self, run: Run) -> bytes:
        """Return the last events of a run that succeeded."""

    def fail(self, error: dict[str, Any]) -> bytes:
        """Return the last events of a run that failed, from the body of an error."""


class EventStream:
    """A response of events. A failure before the first event is an ordinary error response."""

    def __init__(
        self, call: HttpCall, pieces: AsyncGenerator[StreamPart], wording: Wording
    ) -> None:
        self._call = call
        self._pieces = pieces
        self._wording = wording

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Write the events until the client disconnects."""
        await until_gone(receive, self._write(send))

    async def _write(self, send: Send) -> None:
        service, key, entry = self._call.service, self._call.key, self._call.entry
        say = self._wording.say
        async with aclosing(self._pieces) as pieces:
            piece = await anext(pieces)
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            try:
                while piece.run is None:
                    await send(_part(say(piece)))
                    if not service.is_good(key):
                        raise HttpProblem(401, "key", "the key was revoked")  # noqa: TRY301
                    piece = await anext(pieces)
                entry.run_id = piece.run.id
                last = self._wording.end(piece.run)
            except Exception as error:  # noqa: BLE001 - the client is told, the log too
                problem = note_failure(service, entry, error)
                last = self._wording.fail(problem.describe(entry.request_id))
            await send(_part(last, is_last=True))


def _part(data: bytes, *, is_last: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": not is_last}
