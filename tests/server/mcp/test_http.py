"""The server of `promptops mcp --http`, asked by the SDK's client, and by clients without a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types.version import LATEST_PROTOCOL_VERSION

from promptops.server.mcp.application import make_application
from promptops.server.mcp.tools import ToolOptions
from tests.server.mcp.conftest import ask_over_http
from tests.server.serving import Hosted, Running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp.client.client import Client

    from promptops.server.calls import Application
    from promptops.server.service import Service
    from tests.server.conftest import Team
    from tests.server.serving import Served


@pytest.fixture(scope="module")
def running(team: Team) -> Iterator[Served]:
    def make(service: Service) -> Application:
        return make_application(service, "production", ToolOptions(may_run=True))

    with Hosted(team.repo.path, make) as found:
        yield found


def _url(running: Served) -> str:
    return f"http://127.0.0.1:{running.port}/mcp"


@pytest.mark.story
def test_each_version_of_the_protocol_is_served(team: Team, running: Served, version: str) -> None:
    key = team.make_key("--verb", "render", "--verb", "read")

    async def work(client: Client) -> tuple[Any, Any]:
        listed = await client.list_prompts()
        return listed, await client.get_prompt("support/triage", {"question": "Where?"})

    listed, got = ask_over_http(_url(running), key, version, work)

    assert len(listed.prompts) == 4
    assert got.messages[0].content.text == "Sort this: Where?"


@pytest.mark.slow
def test_a_key_shows_only_what_it_covers(team: Team, running: Served) -> None:
    key = team.make_key("--verb", "render", "--verb", "read", "--prompt", "billing/*")

    async def work(client: Client) -> tuple[Any, Any, list[str], str, str]:
        listed = await client.list_prompts()
        resources = await client.list_resources()
        tools = [one.name for one in (await client.list_tools()).tools]
        said = []
        for name in ("support/triage", "support/absent"):
            with pytest.raises(MCPError) as caught:
                await client.get_prompt(name, {"question": "?"})
            said.append(caught.value.message)
        return listed, resources, tools, said[0], said[1]

    listed, resources, tools, hidden, absent = ask_over_http(
        _url(running), key, LATEST_PROTOCOL_VERSION, work
    )

    assert [one.name for one in listed.prompts] == ["billing/dunning"]
    assert len(resources.resources) == 1
    assert tools == ["list_prompts", "render", "versions", "diff"]
    assert hidden == absent


@pytest.mark.slow
def test_a_run_needs_a_key_that_may(team: Team, running: Served) -> None:
    key = team.make_key("--verb", "run")

    async def work(client: Client) -> Any:
        return await client.call_tool(
            "run", {"ref": "support/triage", "inputs": {"question": "Hello"}}
        )

    done = ask_over_http(_url(running), key, LATEST_PROTOCOL_VERSION, work)

    assert not done.is_error, done.content[0].text
    assert done.structured_content["name"] == "support/triage"


@pytest.mark.parametrize("header", [None, "Bearer promptops_aaaaaaaaaa_wrong", "Basic x"])
def test_nobody_is_served_without_a_key(running: Served, header: str | None) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "prompts/list", "params": {}}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if header is not None:
        headers["Authorization"] = header

    reply = running.ask("POST", "/mcp", body, headers=headers)

    assert reply.status == 401
    assert reply.code == "key"


def test_a_body_beyond_the_bound_is_refused(team: Team, running: Served) -> None:
    key = team.make_key("--verb", "render")
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

    reply = running.ask("POST", "/mcp", b'"' + b"x" * 1_500_000 + b'"', key=key, headers=headers)

    assert reply.status == 413


@pytest.mark.slow
def test_the_log_has_no_inputs(team: Team, running: Served) -> None:
    key = team.make_key("--verb", "render")

    async def work(client: Client) -> Any:
        return await client.get_prompt("support/triage", {"question": "SECRET-INPUT"})

    ask_over_http(_url(running), key, LATEST_PROTOCOL_VERSION, work)

    running.find_line(event="request", route="/mcp", status=200)
    assert "SECRET-INPUT" not in json.dumps(running.lines)


@pytest.mark.story
def test_the_command_serves_with_keys_and_has_run_only_where_told_to(team: Team) -> None:
    key = team.make_key("--verb", "run", "--verb", "read")

    async def work(client: Client) -> list[str]:
        return [one.name for one in (await client.list_tools()).tools]

    reading = ["list_prompts", "versions", "diff"]
    for options, tools in (((), reading), (("--allow-run",), [*reading, "run"])):
        with Running(team.repo.path, options, team.env, verb=("mcp", "--http")) as process:
            assert process.ask("POST", "/mcp", {}).status == 401
            assert ask_over_http(_url(process), key, LATEST_PROTOCOL_VERSION, work) == tools
