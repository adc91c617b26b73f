"""Real clients of the SDK: on standard streams and over HTTP, under each protocol version."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from mcp.client import session
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, KNOWN_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "LATEST_HANDSHAKE_VERSION", version)
        async with Client(transport, mode="legacy" if is_old else version) as client:
            assert client.protocol_version == version
            yield client


def ask(team: Team, version: str, work: Callable[[Client], Awaitable[Any]], *options: str) -> Any:
    """Start `promptops mcp` on standard streams, and ask it something."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "promptops", "-C", str(team.repo.path), "mcp", *options],
        env=dict(os.environ),
    )

    async def run() -> Any:
        async with connect(stdio_client(parameters), version) as client:
            return await work(client)

    return asyncio.run(run())


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
