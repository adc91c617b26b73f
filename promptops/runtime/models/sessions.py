"""HTTP on event loops: connections of each loop, closed with their loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from promptops.web.waiting import LoopConnections

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from promptops.runtime.models.address import Address

# Sessions of a parent process. Closing them here would unregister the parent's sockets.
_inherited: list[Any] = []


class Sessions:
    """The sessions of one endpoint, for any number of event loops in any number of threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._process = os.getpid()
        self._open: dict[int, _HttpSession] = {}

    async def get(self) -> LoopConnections:
        """Return the connections of the running loop."""
        loop = asyncio.get_running_loop()
        one = self._open.get(id(loop))
        if one is not None and one.loop is loop and self._process == os.getpid():
            return one.connections
        return await self._make(loop)

    async def _make(self, loop: asyncio.AbstractEventLoop) -> LoopConnections:
        if self._process != os.getpid():
            _inherited.append(self._open)
            self._open, self._process = {}, os.getpid()
        self.close()
        one = self._open[id(loop)] = _HttpSession(loop, self.address, self)
        await one.start()
        return one.connections

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
    """The connections of a loop, and the generator that closes them when the loop shuts down.

    A loop closes its asynchronous generators before it closes itself. A waiting generator is
    therefore notified, in every kind of loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, address: Address, owner: Sessions) -> None:
        self.loop = loop
        self._owner = owner
        self.connections = LoopConnections(address.url, address.headers, address.proxy)
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
            await self.connections.aclose()

    def abandon(self) -> None:
        """Close the sockets of a loop that was closed without its generators."""
        self.connections.abandon()
