"""Call endpoints with OpenAI's chat completions.

Each call is one request with one deadline, and the body is sent as given. LiteLLM reaches these
endpoints too; a run with this transport takes at most 0.29 of the processor time that a call of
LiteLLM alone takes (`benchmarks/beside_litellm.py`). Blocking calls use the standard library,
asynchronous ones aiohttp.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from promptops.runtime.models.address import Address, find_address
from promptops.runtime.models.events import StreamReader
from promptops.runtime.models.model import Part
from promptops.runtime.models.wire import (
    MAX_ANSWER_BYTES,
    MAX_ERROR_BYTES,
    WireReader,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from aiohttp import ClientResponse

    from promptops.runtime.models.model import Answer, Endpoint, ModelError, Request
    from promptops.runtime.models.providers import Provider
    from promptops.runtime.models.sessions import Sessions
    from promptops.web.connection import Connections, Reply

# The time in seconds to wait for data after the last event.
_DRAIN_SECONDS = 0.05


class Channel:
    """One endpoint with its open connections, shared by all models there."""

    def __init__(
        self, endpoint: Endpoint, provider: Provider | None, environment: Mapping[str, str]
    ) -> None:
        self._endpoint = endpoint
        self._provider = provider
        self._environment = environment
        self._address: Address | None = None
        # Filled by `setdefault`, which is atomic: a lock could be held during a fork.
        self._connections: dict[str, Connections] = {}
        self._sessions: dict[str, Sessions] = {}

    def address(self, model: str) -> Address:
        """Return the endpoint's address. Raises ModelError if the key is missing."""
        if self._address is None:
            # No lock: every thread computes the same value.
            self._address = find_address(model, self._endpoint, self._provider, self._environment)
        return self._address

    def connections(self, address: Address) -> Connections:
        """Return the connections for threads."""
        known = self._connections.get("")
        if known is None:
            from promptops.web.connection import Connections

            known = self._connections.setdefault(
                "", Connections(address.url, address.headers, address.proxy)
            )
        return known

    def sessions(self, address: Address) -> Sessions:
        """Return the sessions for event loops."""
        known = self._sessions.get("")
        if known is None:
            from promptops.runtime.models.sessions import Sessions

            known = self._sessions.setdefault("", Sessions(address))
        return known

    def close(self) -> None:
        """Close connections that no event loop owns."""
        for connections in self._connections.values():
            connections.close()
        for sessions in self._sessions.values():
            sessions.close()

    async def aclose(self) -> None:
        """Close those, and connections of the running event loop."""
        self.close()
        for sessions in self._sessions.values():
            await sessions.aclose()


class OpenAIModel:
    """A model at an endpoint; satisfies `Model`.

    Args:
        wire_name: the endpoint's name of the model.
        channel: the endpoint.
    """

    def __init__(self, wire_name: str, channel: Channel) -> None:
        self._wire_name = wire_name
        self._channel = channel

    def close(self) -> None:
        """Close the connections that no event loop owns."""
        self._channel.close()

    async def aclose(self) -> None:
        """Close those connections and the ones of the running event loop."""
        await self._channel.aclose()

    # --- blocking -----------------------------------------------------------------------------

    def call(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer to `request`. Raises ModelError."""
        address = self._channel.address(request.model)
        reader = WireReader(request.model, address.secrets)
        body = encode(request, self._wire_name, is_stream=False)
        connections = self._channel.connections(address)
        kind, data = read_blocking(reader, connections, body, deadline)
        return reader.read_answer(kind, data)

    def stream(self, request: Request, *, deadline: float) -> Iterator[Part]:
        """Stream the answer. Raises ModelError.

        Closing or dropping the iterator closes the connection. An unread stream ends at the
        deadline.
        """
        from promptops.web.connection import end_at

        address = self._channel.address(request.model)
        reader = WireReader(request.model, address.secrets)
        body = encode(request, self._wire_name, is_stream=True)
        stream = StreamReader(reader)
        with _blocking_faults(reader, deadline) as state:
            reply = self._channel.connections(address).post(body, deadline, state)
            with contextlib.closing(reply), end_at(reply, deadline):
                if not 200 <= reply.status < 300:
                    raise _read_error(reader, reply)
                kind = reply.headers.get("content-type", "").lower()
                if not reader.check_stream(kind):
                    raise reader.not_a_stream(kind, reply.read_all(MAX_ANSWER_BYTES) or b"")
                while not stream.is_done and (data := reply.read()):
                    for text in stream.feed(data):
                        _check_left(deadline)
                        yield Part(text)
                reply.drain(_DRAIN_SECONDS)
                last = stream.finish()
        yield last

    # --- on an event loop ---------------------------------------------------------------------

    async def acall(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer to `request`. Raises ModelError."""
        import asyncio

        from aiohttp import ClientError

        from promptops.runtime.models.sessions import Body

        address = self._channel.address(request.model)
        reader = WireReader(request.model, address.secrets)
        body = Body(encode(request, self._wire_name, is_stream=False))
        session = await self._channel.sessions(address).get()
        response: ClientResponse | None = None
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                response = await session.post(
                    address.url, data=body, proxy=address.proxy, allow_redirects=False
                )
                is_success = 200 <= response.status < 300
                limit = MAX_ANSWER_BYTES if is_success else MAX_ERROR_BYTES
                data = await _read_all(response, limit)
        except (ClientError, OSError) as error:
            raise _failure(error, reader, deadline, is_sent=body.is_sent) from error
        finally:
            if response is not None:
                response.close()
        if not is_success:
            raise reader.read_error(response.status, _headers(response), data or b"")
        if data is None:
            raise reader.too_large()
        return reader.read_answer(response.headers.get("Content-Type", ""), data)

    async def astream(self, request: Request, *, deadline: float) -> AsyncIterator[Part]:
        """Stream the answer. Raises ModelError.

        Closing or dropping the iterator closes the connection. An unread stream ends at the
        deadline.
        """
        import asyncio

        from aiohttp import ClientError

        from promptops.runtime.models.sessions import Body

        address = self._channel.address(request.model)
        reader = WireReader(request.model, address.secrets)
        body = Body(encode(request, self._wire_name, is_stream=True))
        session = await self._channel.sessions(address).get()
        stream = StreamReader(reader)
        response: ClientResponse | None = None
        end: asyncio.TimerHandle | None = None
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                response = await session.post(
                    address.url, data=body, proxy=address.proxy, allow_redirects=False
                )
                await _check_stream(response, reader)
            # Closing it wakes the reader, so that chunks need no separate timers.
            end = asyncio.get_running_loop().call_later(
                max(deadline - time.monotonic(), 0.0), response.close
            )
            content = response.content
            while not stream.is_done and (data := await content.readany()):
                for text in stream.feed(data):
                    _check_left(deadline)
                    yield Part(text)
            if not content.at_eof():
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(_DRAIN_SECONDS):
                        await content.readany()
            last = stream.finish()
        except (ClientError, OSError) as error:
            raise _failure(error, reader, deadline, is_sent=body.is_sent) from error
        finally:
            if end is not None:
                end.cancel()
            if response is not None:
                response.close()
        yield last


def read_blocking(
    reader: WireReader, connections: Connections, body: bytes, deadline: float
) -> tuple[str, bytes]:
    """Send a body; return content type and bytes of the reply. Raises ModelError."""
    with _blocking_faults(reader, deadline) as state:
        reply = connections.post(body, deadline, state)
        with contextlib.closing(reply):
            if not 200 <= reply.status < 300:
                raise _read_error(reader, reply)
            data = reply.read_all(MAX_ANSWER_BYTES)
    if data is None:
        raise reader.too_large()
    return reply.headers.get("content-type", ""), data


def _check_left(deadline: float) -> None:
    """Raise TimeoutError if the reader of a stream continues after the deadline."""
    if time.monotonic() >= deadline:
        raise TimeoutError


class _StreamState:
    """Records whether any part of a request was sent."""

    is_sent = False


@contextlib.contextmanager
def _blocking_faults(reader: WireReader, deadline: float) -> Iterator[_StreamState]:
    """Convert exceptions of blocking sockets to ModelError."""
    from http.client import HTTPException

    state = _StreamState()
    try:
        yield state
    except (OSError, HTTPException) as error:
        raise _failure(error, reader, deadline, is_sent=state.is_sent) from error


def _read_error(reader: WireReader, reply: Reply) -> ModelError:
    data = reply.read_all(MAX_ERROR_BYTES) or b""
    return reader.read_error(reply.status, reply.headers, data)


def _failure(error: Exception, reader: WireReader, deadline: float, *, is_sent: bool) -> ModelError:
    if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
        wrong = "no answer" if is_sent else "no connection"
        return reader.fail("timeout", f"there was {wrong} before the deadline", is_sent=is_sent)
    reason = str(error) or type(error).__name__
    if not is_sent:
        hint = "check that the server is running and base_url is correct"
        if "CERTIFICATE_VERIFY_FAILED" in reason or "certificate" in reason.lower():
            hint = "set SSL_CERT_FILE to your organisation's certificates"
        return reader.fail("connection", f"cannot connect: {reason}", is_sent=False, hint=hint)
    return reader.fail("connection", f"the connection broke: {reason}")


async def _check_stream(response: ClientResponse, reader: WireReader) -> None:
    """Raise the error for an answer that is not a stream."""
    kind = response.headers.get("Content-Type", "").lower()
    if not 200 <= response.status < 300:
        data = await _read_all(response, MAX_ERROR_BYTES) or b""
        raise reader.read_error(response.status, _headers(response), data)
    if not reader.check_stream(kind):
        raise reader.not_a_stream(kind, await _read_all(response, MAX_ANSWER_BYTES) or b"")


async def _read_all(response: ClientResponse, limit: int) -> bytes | None:
    """Return the whole body; None when it is larger than `limit`."""
    content = response.content
    parts = []
    size = 0
    while data := await content.readany():
        size += len(data)
        if size > limit:
            return None
        parts.append(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _headers(response: ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
