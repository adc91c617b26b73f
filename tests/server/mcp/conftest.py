"""Real clients of the SDK: on standard streams and over HTTP, under each protocol version."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from mcp.client import session
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, KNOWN_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tests.server.conftest import Team


@pytest.fixture(params=KNOWN_PROTOCOL_VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each version of the protocol that the SDK speaks."""
    found: str = request.param
    return found


@asynccontextmanager
async def connect(transport: Any, version: str) -> AsyncIterator[Client]:
    """Give a client that speaks one version of the protocol."""
    is_old = version in HANDSHAKE_PROTOCOL_VERSIONS
    async with AsyncExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "LATEST_HANDSHAKE_VERSION", version)
            client = Client(transport, mode="legacy" if is_old else version)
            await stack.enter_async_context(client)
        assert client.protocol_version == version
        yield client


class Streams:
    """Starts `promptops mcp` on standard streams, once for each version and options."""

    def __init__(self, team: Team) -> None:
        self._team = team
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._end = asyncio.Event()
        self._clients: dict[tuple[str, ...], asyncio.Future[Client]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def ask(self, version: str, work: Callable[[Client], Awaitable[Any]], *options: str) -> Any:
        """Ask the server something that leaves it as it was."""
        asking = self._ask((version, *options), work)
        return asyncio.run_coroutine_threadsafe(asking, self._loop).result()

    async def _ask(self, key: tuple[str, ...], work: Callable[[Client], Awaitable[Any]]) -> Any:
        if key not in self._clients:
            self._clients[key] = self._loop.create_future()
            self._tasks.append(asyncio.create_task(self._hold(key)))
        return await work(await self._clients[key])

    async def _hold(self, key: tuple[str, ...]) -> None:
        """Keep one server running until the end, in one task, as its client demands."""
        version, *options = key
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "promptops", "-C", str(self._team.repo.path), "mcp", *options],
            env=self._team.env,
        )
        try:
            async with connect(stdio_client(parameters), version) as client:
                self._clients[key].set_result(client)
                await self._end.wait()
        except Exception as error:
            if self._clients[key].done():
                raise
            self._clients[key].set_exception(error)

    def close(self) -> None:
        """End all servers, and insist that they end well."""

        async def end() -> None:
            self._end.set()
            await asyncio.gather(*self._tasks)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def streams(team: Team) -> Iterator[Streams]:
    """Servers on standard streams, which all tests of a module ask."""
    streams = Streams(team)
    yield streams
    streams.close()


def ask_over_http(
    url: str, key: str, version: str, work: Callable[[Client], Awaitable[Any]]
) -> Any:
    """Ask a server over HTTP with a key."""

    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            connect(streamable_http_client(url, http_client=http), version) as client,
        ):
            return await work(client)

    return asyncio.run(run())
