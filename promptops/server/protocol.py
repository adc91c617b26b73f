"""HTTP/1.1 as uvicorn speaks it, with bounds on what a connection may withhold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from promptops.server.service import ServiceBounds

# A body that nobody wants is read on for that far, so that a client can see the answer first.
_MAX_UNWANTED_BYTES = 1_000_000


class _TooLongError(Exception):
    """The headers of a request are too long; uvicorn answers 400."""


class BoundedProtocol(HttpToolsProtocol):  # type: ignore[misc]  # an extra, checked without types
    """One connection. A client that sends no request, or does not read, is cut off."""

    bounds: ServiceBounds
    _deadline: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _unwanted_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Wait for a request, but not for long."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        _cancel(self._deadline)
        self._deadline = None
        _cancel(self._stuck)
        self._stuck = None
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a request, also one after another."""
        super().on_message_begin()
        self._header_bytes = 0
        self._await_headers()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request handled; its body has a bound of its own."""
        _cancel(self._deadline)
        self._deadline = None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; one of a request that was answered already is dropped."""
        if self.cycle.response_complete:
            self._unwanted_bytes += len(body)
            if self._unwanted_bytes > _MAX_UNWANTED_BYTES:
                self.transport.close()
        super().on_body(body)

    def pause_writing(self) -> None:
        """Wait for a client that does not read, but not for long."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.bounds.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client reads."""
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
    """Return the protocol with these bounds, as uvicorn takes it."""
    return type("BoundedProtocol", (BoundedProtocol,), {"bounds": bounds})


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
