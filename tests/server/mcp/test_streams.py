"""`promptops mcp` on standard streams, asked by the SDK's client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference
from mcp_types.version import LATEST_PROTOCOL_VERSION

if TYPE_CHECKING:
    from mcp.client.client import Client

    from tests.server.conftest import Team
    from tests.server.mcp.conftest import Streams

pytestmark = pytest.mark.slow

NEWEST = LATEST_PROTOCOL_VERSION


@pytest.mark.story
def test_each_version_of_the_protocol_lists_and_renders(streams: Streams, version: str) -> None:
    async def work(client: Client) -> tuple[Any, Any, Any]:
        return (
            await client.list_prompts(),
            await client.get_prompt("support/triage", {"question": "Where?"}),
            await client.call_tool(
                "render", {"ref": "support/triage", "inputs": {"question": "?"}}
            ),
        )

    listed, got, rendered = streams.ask(version, work)

    names = [one.name for one in listed.prompts]
    assert names == ["billing/dunning", "support/chat", "support/echo", "support/triage"]
    triage = listed.prompts[-1]
    assert [(one.name, one.required) for one in triage.arguments] == [("question", True)]
    assert got.messages[0].content.text == "Sort this: Where?"
    assert got.meta["promptops/version"] == "1.1.0"
    assert not rendered.is_error
    assert json.loads(rendered.content[0].text)["version"] == "1.1.0"


def test_system_messages_say_what_they_were(streams: Streams) -> None:
    async def work(client: Client) -> Any:
        return await client.get_prompt(
            "support/chat",
            {"question": "Hi", "history": '[{"role": "assistant", "content": "Yes?"}]'},
        )

    got = streams.ask(NEWEST, work)

    found = [
        (one.role, one.content.text, (one.content.meta or {}).get("promptops/role"))
        for one in got.messages
    ]
    assert found == [
        ("user", "You help.", "system"),
        ("assistant", "Yes?", None),
        ("user", "Hi", None),
    ]


def test_errors_reach_the_client_in_words(streams: Streams, version: str) -> None:
    cases: list[tuple[str, dict[str, str], str]] = [
        ("support/triage", {}, "question"),
        ("support/triage", {"qestion": "?"}, "did you mean 'question'?"),
        ("support/chat", {"question": "?", "history": "no list"}, "write the value as JSON"),
        ("support/nothing", {}, "did you mean support/triage?"),
        (
            "support/triage@nowhere",
            {"question": "?"},
            "list the live prompts with the tool list_prompts",
        ),
        ("Not A Name", {}, "hint"),
    ]

    async def work(client: Client) -> list[MCPError]:
        errors = []
        for name, arguments, _ in cases:
            with pytest.raises(MCPError) as caught:
                await client.get_prompt(name, arguments)
            errors.append(caught.value)
        return errors

    errors = streams.ask(version, work)

    for (_, _, said), error in zip(cases, errors, strict=True):
        assert error.code == -32602
        assert said in error.message


def test_resources_are_files_versions_and_differences(streams: Streams) -> None:
    async def work(client: Client) -> tuple[Any, ...]:
        return (
            await client.list_resources(),
            await client.list_resource_templates(),
            await client.read_resource("promptops://prompts/support/triage@1.0.0"),
            await client.read_resource("promptops://versions/support/triage"),
            await client.read_resource("promptops://diffs/support/triage@1.0.0..1.1.0"),
        )

    listed, templates, files, versions, diff = streams.ask(NEWEST, work)

    assert "promptops://prompts/support/triage@production" in [one.uri for one in listed.resources]
    assert len(templates.resource_templates) == 3
    assert "version: 1.0.0" in files.contents[0].text
    found = json.loads(versions.contents[0].text)["versions"]
    assert [one["version"] for one in found] == ["1.1.0", "1.0.0"]
    assert json.loads(diff.contents[0].text)["schema"].startswith("promptops.diff/")


def test_other_addresses_are_refused(streams: Streams) -> None:
    async def work(client: Client) -> list[int]:
        codes = []
        for uri in ("promptops://nothing/a", "file:///etc/hosts", "promptops://diffs/a"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            codes.append(caught.value.code)
        return codes

    assert streams.ask(NEWEST, work) == [-32602] * 3


def test_names_and_versions_are_completed(streams: Streams) -> None:
    reference = ResourceTemplateReference(uri="promptops://prompts/{+name}@{selector}")

    async def work(client: Client) -> tuple[Any, Any, Any]:
        return (
            await client.complete(reference, {"name": "name", "value": "support/t"}),
            await client.complete(
                reference,
                {"name": "selector", "value": "1."},
                context_arguments={"name": "support/triage"},
            ),
            await client.complete(
                PromptReference(name="support/chat"), {"name": "history", "value": ""}
            ),
        )

    names, versions, values = streams.ask(NEWEST, work)

    assert names.completion.values == ["support/triage"]
    assert versions.completion.values == ["1.1.0", "1.0.0"]
    assert values.completion.values == ["[]"]


def test_a_tool_that_fails_answers_in_words(streams: Streams) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("render", {"reff": "support/triage"}, "did you mean 'ref'?"),
        ("render", {}, "needs the argument 'ref'"),
        ("render", {"ref": 3}, "not of type string"),
        ("render", {"ref": "support/triage", "inputs": {}}, "question"),
        ("resolve", {"ref": "support/absent"}, "support/absent"),
        ("diff", {"name": "support/triage", "from": "9.9.9"}, "9.9.9"),
        ("validate", {"targets": ["support/absent"]}, "support/absent"),
    ]

    async def work(client: Client) -> list[Any]:
        return [await client.call_tool(name, arguments) for name, arguments, _ in cases]

    results = streams.ask(NEWEST, work)

    for (_, _, said), result in zip(cases, results, strict=True):
        assert result.is_error
        assert said in result.content[0].text


def test_validate_checks_the_work_tree(team: Team, streams: Streams) -> None:
    team.repo.write("prompts/support/draft.md", "---\nversion: 0.1.0\n---\nHello {{ name }\n")

    async def work(client: Client) -> Any:
        return await client.call_tool("validate", {"targets": ["support/draft"]})

    try:
        result = streams.ask(NEWEST, work)
    finally:
        (team.repo.path / "prompts/support/draft.md").unlink()

    found = result.structured_content
    assert found["summary"]["errors"] > 0
    assert {one["path"] for one in found["findings"]} == {"prompts/support/draft.md"}


@pytest.mark.story
def test_nothing_runs_until_told_to(streams: Streams) -> None:
    async def names(client: Client) -> tuple[list[str], Any]:
        tools = (await client.list_tools()).tools
        with pytest.raises(MCPError) as caught:
            await client.call_tool("run", {"ref": "support/echo"})
        assert all(one.annotations and one.annotations.read_only_hint for one in tools)
        return [one.name for one in tools], caught.value

    async def run(client: Client) -> Any:
        return await client.call_tool(
            "run", {"ref": "support/echo", "inputs": {"question": "Hello"}}
        )

    found, error = streams.ask(NEWEST, names)
    done = streams.ask(NEWEST, run, "--allow-run")

    assert found == ["list_prompts", "resolve", "render", "versions", "diff", "validate"]
    assert error.message == snapshot("""\
there is no tool 'run'
hint: the tools: list_prompts, resolve, render, versions, diff, validate\
""")
    assert not done.is_error, done.content[0].text
    assert done.structured_content["version"] == "1.0.0"
    assert done.structured_content["id"]


@pytest.mark.story
def test_another_environment_is_not_there(team: Team, streams: Streams) -> None:
    team.press.deploy("staging", {"support/triage": "1.0.0"})

    async def work(client: Client) -> tuple[Any, Any]:
        listed = await client.list_prompts()
        with pytest.raises(MCPError) as caught:
            await client.get_prompt("support/triage@production", {"question": "?"})
        return listed, caught.value

    listed, error = streams.ask(NEWEST, work, "--env", "staging")

    assert [one.name for one in listed.prompts] == ["support/triage"]
    assert error.message == snapshot("""\
this key has no such prompt
hint: check name and selector; list the live prompts with the tool list_prompts\
""")
