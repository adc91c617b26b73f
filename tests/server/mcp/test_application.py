"""Requests of the protocol without sockets: each has a key, and an error of the protocol."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from mcp.shared.exceptions import MCPError

from promptops.server.keys import KeyScope
from promptops.server.mcp.application import PATH, McpHandlers, make_application
from promptops.server.mcp.tools import ToolOptions
from tests.server.mcp.pieces import Prompts, resolve
from tests.server.pieces import ask, make_service, make_test_key

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.server.keys import ServiceKey

A, B = resolve("a"), resolve("b")
PROMPTS = {"a@production": A, "b@production": B, "a@1.0.0": A, "a@working": A, "a@staging": A}
NOTHING = SimpleNamespace(cursor=None)


def make_handlers(folder: Path, scope: KeyScope | None) -> McpHandlers:
    """The handlers for a client over HTTP, or without a scope for the one of this process."""
    service, _, _ = make_service(folder, Prompts(**PROMPTS))

    def find_key(request: object) -> ServiceKey:
        assert request == "request"
        return make_test_key(scope)[0]

    find = None if scope is None else find_key
    return McpHandlers(service, "production", ToolOptions(), find)


CONTEXT: Any = SimpleNamespace(request="request")


def get(handlers: McpHandlers, name: str) -> Any:
    params = SimpleNamespace(name=name, arguments={"question": "?"})
    return asyncio.run(handlers.get_prompt(CONTEXT, params))


def test_a_client_over_http_has_the_rights_of_its_key(tmp_path: Path) -> None:
    handlers = make_handlers(tmp_path, KeyScope(("render",), prompts=("a",)))
    listed = asyncio.run(handlers.list_prompts(CONTEXT, NOTHING))
    assert [one.name for one in listed.prompts] == ["a"]
    with pytest.raises(MCPError, match="may not read"):
        asyncio.run(handlers.list_resources(CONTEXT, None))
    with pytest.raises(MCPError, match="this key has no such prompt"):
        get(handlers, "b")


def test_the_client_of_this_process_has_its_environment_and_releases(tmp_path: Path) -> None:
    handlers = make_handlers(tmp_path, None)
    for name in ("a", "a@1.0.0", "b"):
        assert get(handlers, name).messages[0].content.text == "?"
    for name in ("a@staging", "a@working"):
        with pytest.raises(MCPError, match="this key has no such prompt"):
            get(handlers, name)


def test_an_error_is_one_of_the_protocol(tmp_path: Path) -> None:
    with pytest.raises(MCPError) as caught:
        get(make_handlers(tmp_path, None), "a@9.9.9")
    # The client of this process may know where the prompts are.
    assert caught.value.error.message == "no a@9.9.9 in /srv/here\nhint: look"


@pytest.mark.parametrize("header", [None, "Bearer x", "Bearer \xe9"])
def test_no_request_reaches_the_protocol_without_a_key(tmp_path: Path, header: str | None) -> None:
    service, _, lines = make_service(tmp_path, Prompts())
    application = make_application(service, "production", ToolOptions())
    headers = {} if header is None else {"Authorization": header}
    reply = ask(application, "POST", PATH, b"{", headers)
    assert (reply.status, reply.code) == (401, "key")
    assert (lines[0]["route"], lines[0]["code"], lines[0]["key"]) == (PATH, "key", None)
