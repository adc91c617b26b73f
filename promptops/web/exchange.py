"""One request and its whole answer, within bounds of time and size. No redirect is followed."""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.web.connection import Connections, Reply

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class WebLimits(NamedTuple):
    """The limits for an answer.

    Attributes:
        total_seconds: the timeout for a complete answer, however steadily data arrives.
        max_bytes: the maximum size of a body, after decompression.
        monotonic: the clock for `total_seconds`.
    """

    total_seconds: float
    max_bytes: int
    monotonic: Callable[[], float] = time.monotonic


class WebAnswer(NamedTuple):
    """A complete answer with any status.

    Attributes:
        status: the HTTP status.
        reason: the reason phrase.
        headers: lower-case name -> value.
        body: the body, decompressed.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def redirect(self) -> str | None:
        """The redirect's target as the server writes it; None if there is no redirect."""
        return self.headers.get("location") if self.status in _REDIRECTS else None


class NoAnswerError(Exception):
    """There is no complete answer; the message says why."""


class TooLargeError(Exception):
    """The answer is too large."""


class _ExchangeProgress:
    is_sent = False


def exchange(
    connections: Connections,
    method: str,
    url: str,
    *,
    limits: WebLimits,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> WebAnswer:
    """Send a request to the server of `connections`, and read the whole answer.

    Raises:
        NoAnswerError: there is no complete answer in time.
        TooLargeError: the answer is larger than `limits.max_bytes`.
    """
    asked = {"Accept-Encoding": "gzip", **(headers or {})}
    deadline = time.monotonic() + limits.total_seconds
    end = limits.monotonic() + limits.total_seconds
    late = f"an answer takes longer than {limits.total_seconds:g} seconds"
    try:
        reply = connections.send(
            method, url, body, asked, deadline=deadline, progress=_ExchangeProgress()
        )
        try:
            data = _read_within(reply, limits, end, late)
        finally:
            reply.close()
    except (OSError, HTTPException) as error:
        if time.monotonic() >= deadline:
            raise NoAnswerError(late) from error
        raise NoAnswerError(str(error) or type(error).__name__) from error
    return WebAnswer(reply.status, reply.reason, reply.headers, data)


def _read_within(reply: Reply, limits: WebLimits, end: float, late: str) -> bytes:
    packing = _open_packing(reply.headers.get("content-encoding", ""))
    data = bytearray()
    while part := reply.read():
        if packing is None:
            data += part
        else:
            data += packing.unpack(part, limits.max_bytes + 1 - len(data))
        if len(data) > limits.max_bytes:
            raise TooLargeError
        if limits.monotonic() > end:
            raise NoAnswerError(late)
    if packing is not None and not packing.is_complete:
        raise NoAnswerError("the answer cannot be unpacked: it ends too early")
    return bytes(data)


def _open_packing(encoding: str) -> _Packing | None:
    """Return a decompressor for a content encoding; None if the body is not compressed."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding not in {"gzip", "x-gzip"}:
        raise NoAnswerError(f"the answer is packed as {encoding!r}, which was not asked for")
    return _Packing()


class _Packing:
    """A streaming gzip decompressor."""

    def __init__(self) -> None:
        import zlib

        self._unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._fault = zlib.error
        self._is_begun = False

    @property
    def is_complete(self) -> bool:
        """Whether the body is complete or empty."""
        return self._unpacker.eof or not self._is_begun

    def unpack(self, part: bytes, room: int) -> bytes:
        """Return a part decompressed, at most `room` (at least 1) bytes of it."""
        self._is_begun = True
        try:
            return self._unpacker.decompress(part, room)
        except self._fault as error:
            raise NoAnswerError(f"the answer cannot be unpacked: {error}") from error
