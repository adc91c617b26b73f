"""Values of inputs that arrive as text."""

from __future__ import annotations

import pytest

from promptops.errors import InputError
from promptops.prompt.values import list_types, read_value, write_value


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("3", "string", "3"),
        ("3", {"type": ["string", "integer"]}, "3"),
        (" 3 ", "integer", 3),
        ("3.0", {"type": "integer"}, 3),
        ("3.5", {"type": "number"}, 3.5),
        ("true", "boolean", True),
        ('["a"]', {"type": "array"}, ["a"]),
        ("2", {"enum": [1, 2]}, 2),
        ("x", {"enum": ["x", 1]}, "x"),
        ("1", {"enum": ["x", 1]}, 1),
        ("1", {"enum": ["1", 1]}, "1"),
        (" true", {"type": ["string", "boolean"], "enum": ["auto", True, 1]}, True),
        ("2", {"type": ["string", "integer"], "enum": ["auto", 1]}, "2"),
        ("x", None, "x"),
    ],
)
def test_a_text_becomes_what_the_input_takes(text: str, schema: object, value: object) -> None:
    found = read_value("n", text, schema)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("choices", [["auto", 1, 2.5, True, None, ["é", 1], {"a": "b"}], [1, [2]]])
def test_a_choice_is_read_as_it_is_written(choices: list[object]) -> None:
    read = [read_value("n", write_value(one), {"enum": choices}) for one in choices]
    assert [repr(one) for one in read] == [repr(one) for one in choices]


@pytest.mark.parametrize("text", ["yes", "NaN", "[1", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="input 'n' takes integer or null"):
        read_value("n", text, {"type": ["integer", "null"]})


def test_types_are_listed_as_far_as_they_are_said() -> None:
    assert list_types("number") == ["number"]
    assert list_types({"type": ["array", "null"]}) == ["array", "null"]
    assert list_types({"const": 1}) == ["JSON"]
    assert list_types({"const": "a"}) == []
    assert list_types({}) == []
