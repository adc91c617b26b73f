"""uvicorn's HTTP/1.1 protocol with timeouts against slow clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from promptops.server.service import ServiceBounds

# How much of an unwanted body is read, so that the client can receive the answer.
_MAX_UNWANTED_BYTES = 1_000_000


class _TooLongError(Exception):
    """The headers of a request are too long; uvicorn answers with 400."""


class BoundedProtocol(HttpToolsProtocol):  # type: ignore[misc]  # an extra, checked without types
    """One connection. Closes it if the client sends no request or does not read."""

    bounds: ServiceBounds
    _deadline: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _unwanted_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start the timeout for a request."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel all timeouts."""
        _cancel(self._deadline)
        self._deadline = None
        _cancel(self._stuck)
        self._stuck = None
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a request, perhaps on a reused connection."""
        super().on_message_begin()
        self._header_bytes = 0
        self._await_headers()

    def on_url(self, url: bytes) -> None:
        """Add a part of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start handling the request; its body has a separate timeout."""
        _cancel(self._deadline)
        self._deadline = None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Add a part of the body; drop it if the request was already answered."""
        if self.cycle.response_complete:
            self._unwanted_bytes += len(body)
            if self._unwanted_bytes > _MAX_UNWANTED_BYTES:
                self.transport.close()
        super().on_body(body)

    def pause_writing(self) -> None:
        """Start the timeout for a client that does not read."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.bounds.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Cancel that timeout: the client reads again."""
        _cancel(self._stuck)
        self._stuck = None
        super().resume_writing()

    def _await_headers(self) -> None:
        if self._deadline is None:
            seconds = self.bounds.header_seconds
            self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > self.bounds.header_bytes:
            raise _TooLongError


def make_protocol(bounds: ServiceBounds) -> type[BoundedProtocol]:
    """Return the protocol class with these bounds, for uvicorn."""
    return type("BoundedProtocol", (BoundedProtocol,), {"bounds": bounds})


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
