"""The tools for models: what a client has of them, and that a mistake is answered in words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import UsageError
from promptops.server.keys import KeyScope
from promptops.server.mcp.tools import TOOLS, ToolOptions, call_tool, list_tools, validate_folder
from tests.prompts import prompt_text
from tests.server.mcp.pieces import EVERYTHING, make_reader, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

PROMPTS = {"a@production": resolve("a"), "a@1.0.0": resolve("a"), "b@production": resolve("b")}


@pytest.mark.parametrize(
    ("verbs", "is_local", "has_folder", "may_run", "tools"),
    [
        (EVERYTHING.verbs, False, True, False, "list_prompts resolve render versions diff"),
        (EVERYTHING.verbs, True, True, False, "list_prompts resolve render versions diff validate"),
        (EVERYTHING.verbs, True, False, True, "list_prompts resolve render versions diff run"),
        (("render",), False, True, True, "render"),
        (("read",), True, True, True, "list_prompts versions diff validate"),
    ],
)
def test_a_client_has_the_tools_of_its_verbs(
    tmp_path: Path,
    verbs: tuple[str, ...],
    is_local: bool,
    has_folder: bool,
    may_run: bool,
    tools: str,
) -> None:
    reader = make_reader(tmp_path, {}, KeyScope(verbs), is_local=is_local)
    options = ToolOptions(tmp_path if has_folder else None, may_run)
    assert [one.name for one in list_tools(reader, options)] == tools.split()


def test_all_but_run_only_read() -> None:
    hints = {one.name: one.describe().annotations for one in TOOLS}
    assert {name for name, one in hints.items() if one and not one.read_only_hint} == {"run"}
    assert {name for name, one in hints.items() if one and one.open_world_hint} == {"run"}


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("render", {"reff": "a"}, "render has no argument 'reff'"),
        ("list_prompts", {"x": 1}, "list_prompts has no argument 'x'"),
        ("render", {}, "render needs the argument 'ref'"),
        ("render", {"ref": 3}, "the argument 'ref' of render is not of type string"),
        ("render", {"ref": "a", "inputs": []}, "'inputs' of render is not of type object"),
        ("validate", {"targets": "a"}, "'targets' of validate is not a list of strings"),
        ("validate", {"targets": [1]}, "'targets' of validate is not a list of strings"),
    ],
)
def test_arguments_are_checked(tool: str, arguments: dict[str, Any], why: str) -> None:
    (found,) = [one for one in TOOLS if one.name == tool]
    with pytest.raises(UsageError, match=why):
        found.check(arguments)


def call(folder: Path, tool: str, /, **arguments: Any) -> Any:
    reader = make_reader(folder, PROMPTS)
    return asyncio.run(call_tool(reader, tool, arguments, ToolOptions(may_run=False)))


def test_a_tool_answers_with_a_document(tmp_path: Path) -> None:
    listed = call(tmp_path, "list_prompts").structured_content
    assert [one["name"] for one in listed["prompts"]] == ["a", "b"]
    rendered = call(tmp_path, "render", ref="a", inputs={"question": "Why?"}).structured_content
    assert rendered["request"]["messages"] == [{"role": "user", "content": "Why?"}]
    resolved = call(tmp_path, "resolve", ref="a@1.0.0").structured_content
    assert resolved["inputs"] == {"question": {"type": "string"}}
    assert "source" not in resolved
    # Without the other state it is what is live.
    compared = call(tmp_path, "diff", name="a", **{"from": "1.0.0"}).structured_content
    assert compared["schema"] == "promptops.diff/v1"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("render", {}, "needs the argument 'ref'"),
        ("render", {"ref": "none"}, "this key has no such prompt"),
        ("render", {"ref": "a", "inputs": {}}, "question"),
    ],
)
def test_a_mistake_is_an_answer_for_the_model(
    tmp_path: Path, name: str, arguments: dict[str, Any], said: str
) -> None:
    result = call(tmp_path, name, **arguments)
    assert result.is_error
    assert said in result.content[0].text


@pytest.mark.parametrize("name", ["run", "validate", "none"])
def test_a_tool_that_the_client_has_not_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"there is no tool '{name}'") as caught:
        call(tmp_path, name)
    assert str(caught.value.hint) == "the tools: list_prompts, resolve, render, versions, diff"


def test_prompts_of_the_work_tree_are_validated(repo: Repo) -> None:
    repo.write("prompts/good.md", prompt_text())
    repo.write("prompts/bad.md", "---\nversion: 0.1.0\n---\nHello {{ name }\n")
    whole = validate_folder(repo.path, [])
    assert (whole["summary"]["prompts"], whole["summary"]["errors"] > 0) == (2, True)
    good = validate_folder(repo.path, ["good"])
    assert (good["summary"]["prompts"], good["findings"]) == (1, [])
