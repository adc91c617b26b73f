"""Tools in files of their own."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.prompt.data_files import tool_fault


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
