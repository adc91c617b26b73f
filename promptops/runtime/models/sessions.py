"""HTTP on event loops with aiohttp: one session for each loop, closed with its loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp.abc import AbstractStreamWriter

    from promptops.runtime.models.address import Address

_SLICE = 262_144
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
# Sessions of a parent process. Closing them here would unregister the parent's sockets.
_inherited: list[Any] = []


class Sessions:
    """The sessions of one endpoint, for any number of event loops in any number of threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._process = os.getpid()
        self._open: dict[int, _HttpSession] = {}

    async def get(self) -> aiohttp.ClientSession:
        """Return the session of the running loop."""
        loop = asyncio.get_running_loop()
        one = self._open.get(id(loop))
        if (
            one is not None
            and one.loop is loop
            and not one.session.closed
            and self._process == os.getpid()
        ):
            return one.session
        return await self._make(loop)

    async def _make(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        if self._process != os.getpid():
            _inherited.append(self._open)
            self._open, self._process = {}, os.getpid()
        self.close()
        one = self._open[id(loop)] = _HttpSession(loop, self.address, self)
        await one.start()
        return one.session

    def forget(self, session: _HttpSession) -> None:
        """Drop a session that is being closed."""
        if self._open.get(id(session.loop)) is session:
            del self._open[id(session.loop)]

    def close(self) -> None:
        """Drop the sessions whose loops are closed; the others close with theirs."""
        for key, one in list(self._open.items()):
            if one.loop.is_closed() and self._open.pop(key, None) is not None:
                one.abandon()

    async def aclose(self) -> None:
        """Close the session of the running loop, and drop those whose loops are closed."""
        self.close()
        one = self._open.get(id(asyncio.get_running_loop()))
        if one is not None and self._process == os.getpid():
            await one.stop()


class _HttpSession:
    """A session, and the generator that closes it when the loop shuts down.

    A loop closes its asynchronous generators before it closes itself. A waiting generator is
    therefore notified, in every kind of loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, address: Address, owner: Sessions) -> None:
        self.loop = loop
        self._owner = owner
        self._connector = aiohttp.TCPConnector(
            limit=0,  # no limit here: callers limit concurrency
            ttl_dns_cache=60,
            keepalive_timeout=15,
            **_encryption(address.url),
        )
        self.session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=address.headers,
            timeout=_NO_TIMEOUT,
            read_bufsize=_SLICE,
            trust_env=False,  # trust_env would also send credentials from ~/.netrc
        )
        self._keeper = self._keep()

    async def start(self) -> None:
        await anext(self._keeper)

    async def stop(self) -> None:
        await self._keeper.aclose()

    async def _keep(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._owner.forget(self)
            await self.session.close()

    def abandon(self) -> None:
        """Close the sockets of a loop that was closed without its generators."""
        self.session.detach()
        for waiting in self._connector._conns.values():  # noqa: SLF001 - there is no other way
            for protocol, _ in waiting:
                transport: Any = protocol.transport
                sock = getattr(transport, "_sock", None)
                if sock is not None:
                    sock.close()
                    transport._sock = None  # noqa: SLF001 - as above
        self._connector._conns.clear()  # noqa: SLF001 - as above


_contexts: list[Any] = []


def _encryption(url: str) -> dict[str, Any]:
    if not url.startswith("https:"):
        return {}
    if not _contexts:
        import ssl

        _contexts.append(ssl.create_default_context())
    return {"ssl": _contexts[0]}


class Body(aiohttp.payload.Payload):
    """The body of a request; records whether any of it was sent."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, content_type="application/json")
        self._size = len(data)
        self._data = data
        self.is_sent = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as a text."""
        return self._data.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the body in slices, so that a long one does not block the loop."""
        self.is_sent = True
        data = self._data
        if len(data) <= _SLICE:
            await writer.write(data)
            return
        for start in range(0, len(data), _SLICE):
            await writer.write(data[start : start + _SLICE])
