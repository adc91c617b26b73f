"""Files, versions and differences of prompts, each at an address."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import UsageError
from promptops.server.keys import KeyScope
from promptops.server.mcp import resources as module
from promptops.server.mcp.resources import list_parts, list_resources, read_resource
from promptops.server.problems import HttpProblem
from tests.server.mcp.pieces import make_reader, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.server.mcp.reader import McpReader

OLD = resolve("s/a", '{% include "_s/tone.md" %} {{ question }}')
NEW = resolve("s/a", "New: {{ question }}", "1.1.0")
PROMPTS = {"s/a@production": OLD, "s/a@1.0.0": OLD, "s/a@1.1.0": NEW}


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> McpReader:
    made = make_reader(tmp_path, PROMPTS)
    registry: Any = made.service.registry
    registry.versions = lambda name: [NEW, OLD] if name == "s/a" else []
    monkeypatch.setattr(module, "describe_released", lambda one: {"version": one.version})
    return made


def test_what_is_live_is_listed_with_its_address(reader: McpReader) -> None:
    (found,) = asyncio.run(list_resources(reader, None)).resources
    assert found.uri == "promptops://prompts/s/a@production"
    assert found.title == "s/a 1.0.0, live in production"


def test_a_prompt_is_its_files_its_own_first(reader: McpReader) -> None:
    uri = "promptops://prompts/s%2Fa@1.0.0"
    own, partial = asyncio.run(read_resource(reader, uri)).contents
    assert (own.uri, partial.uri) == (uri, f"{uri}#_s/tone.md")
    assert "version: 1.0.0" in own.text
    assert partial.text == "Be brief.\n"
    assert [one.meta["promptops/path"] for one in (own, partial)] == ["s/a.md", "_s/tone.md"]


def test_versions_and_differences_are_json(reader: McpReader) -> None:
    def read(uri: str) -> Any:
        (content,) = asyncio.run(read_resource(reader, uri)).contents
        assert (content.uri, content.mime_type) == (uri, "application/json")
        return json.loads(content.text)

    assert read("promptops://versions/s/a") == {
        "schema": "promptops.serve-versions/v1",
        "name": "s/a",
        "versions": [{"version": "1.1.0"}, {"version": "1.0.0"}],
    }
    (changed,) = read("promptops://diffs/s/a@1.0.0..1.1.0")["prompts"]
    assert changed["name"] == "s/a"


@pytest.mark.parametrize(
    "uri",
    [
        "promptops://nothing/a",
        "promptops://prompts/",
        "promptops://prompts",
        "file:///etc/hosts",
        "prompts/s/a",
        "promptops://diffs/s/a",
        "promptops://versions/S",
    ],
)
def test_other_addresses_are_refused(reader: McpReader, uri: str) -> None:
    with pytest.raises(UsageError):
        asyncio.run(read_resource(reader, uri))


def test_each_needs_the_verb_read_and_a_key_that_covers_it(tmp_path: Path) -> None:
    blind = make_reader(tmp_path, PROMPTS, KeyScope(("render",)))
    with pytest.raises(HttpProblem, match="may not read"):
        asyncio.run(list_resources(blind, None))
    narrow = make_reader(tmp_path, PROMPTS, KeyScope(("read",), environments=("production",)))
    for uri in ("prompts/s/a@1.0.0", "versions/s/a", "diffs/s/a@1.0.0..production"):
        with pytest.raises(HttpProblem, match="no such prompt"):
            asyncio.run(read_resource(narrow, f"promptops://{uri}"))


@pytest.mark.parametrize(
    ("part", "known", "found"),
    [
        ("name", {}, ["s/a"]),
        ("selector", {"name": "s/a"}, ["1.1.0", "1.0.0", "latest", "production"]),
        ("from", {"name": "s/a"}, ["1.1.0", "1.0.0", "latest", "production"]),
        ("selector", {}, []),
        ("selector", {"name": "S"}, []),
    ],
)
def test_parts_of_an_address_are_completed(
    reader: McpReader, part: str, known: dict[str, str], found: list[str]
) -> None:
    assert asyncio.run(list_parts(reader, part, known)) == found
