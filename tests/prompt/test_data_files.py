"""Tools in files of their own."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.prompt.data_files import DataFiles, tool_fault
from tests.prompt.pieces import HEAD, closure_of


@pytest.mark.parametrize(
    ("tool", "fault"),
    [
        ({"type": "function", "function": {"name": "a", "parameters": {}}}, None),
        ({"type": "function", "function": {"name": "a-B_1", "strict": True}}, None),
        ({}, "'type' is missing"),
        ({"type": "function"}, "'function' is missing"),
        ({"type": "tool", "function": {"name": "a"}}, "'type' is not \"function\""),
        ({"type": "function", "function": {}}, "'function.name' is missing"),
        ({"type": "function", "function": []}, "'function' is not a mapping"),
        ({"type": "function", "function": {"name": "a b"}}, "'function.name' is not 1 to 64"),
        ({"type": "function", "function": {"name": 1}}, "'function.name' is not a text"),
        ({"type": "function", "function": {"name": "a", "parameters": 1}}, "is not a mapping"),
    ],
)
def test_tools_are_in_the_function_format(tool: dict[str, Any], fault: str | None) -> None:
    found = tool_fault(tool)
    assert found == fault or (fault is not None and found is not None and fault in found)


@pytest.mark.parametrize(
    ("content", "check", "place", "said"),
    [
        (b'{"a":\n 1,}', "invalid-json", "_o.json:2:4", "not JSON: "),
        (b'{"a": NaN}', "invalid-json", "_o.json:1:1", "NaN"),
        (b'{"a": 1, "a": 2}', "invalid-json", "_o.json:1:1", "'a'"),
        (b"[" * 100_000, "invalid-json", "_o.json:1:1", "nested too deep"),
        (b"[]", "invalid-json", "_o.json:1:1", "not a JSON object"),
        (b'{"a": "\xff"}', "not-utf8", "_o.json:1:8", "0xff"),
    ],
)
def test_a_file_that_is_no_object_is_one_fault_in_its_place(
    content: bytes, check: str, place: str, said: str
) -> None:
    data = DataFiles(closure_of(f"{HEAD}output: _o.json\n---\nHi", **{"_o.json": content}))
    (fault,) = data.faults
    assert (fault.check, fault.place) == (check, place)
    assert said in fault.message
    assert data.loaded == {}


def test_files_are_read_once_and_missing_ones_are_left_to_the_closure() -> None:
    head = f"{HEAD}output: _o.json\ntools: [_o.json, _t.json, _none.json, _t.json]\n---\nHi"
    tool = '{"type": "function", "function": {"name": "f"}}'
    data = DataFiles(closure_of(head, **{"_o.json": "{}", "_t.json": tool}))
    assert (data.output, data.tools) == ("_o.json", ["_o.json", "_t.json", "_none.json", "_t.json"])
    assert set(data.loaded) == {"_o.json", "_t.json"}
    assert [(one.check, one.path) for one in data.faults] == [("invalid-tool", "_o.json")]


@pytest.mark.parametrize(
    "line", ["output: {type: string}\ntools: x", "output: 7\ntools: [7]", "tools:"]
)
def test_a_prompt_without_such_files_has_none(line: str) -> None:
    data = DataFiles(closure_of(f"{HEAD}{line}\n---\nHi"))
    assert (data.output, data.tools, data.loaded, data.faults) == (None, [], {}, [])
