"""Declared inputs, and the values given to them."""

from __future__ import annotations

import types
from enum import IntEnum, StrEnum

import pytest
from inline_snapshot import snapshot

from promptops.errors import InputError
from promptops.prompt.inputs import InputValidator, input_schemas, is_reserved_input
from promptops.prompt.template import analyze


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=a)(a+)+$", r"^(a+)+\1$"])
def test_a_pattern_that_runs_away_refuses_the_value(pattern: str) -> None:
    validator = InputValidator({"x": {"type": "string", "pattern": pattern}})
    with pytest.raises(InputError, match="input 'x' is refused"):
        validator.complete({"x": "a" * 50_000 + "!"})


def test_reserved_words_are_those_that_templates_cannot_use() -> None:
    words = "and or not in is if else true false none True None loop self super range dict".split()  # noqa: SIM905 - a list of words reads as one
    assert all(map(is_reserved_input, words))
    for word in ["ticket", "call", "include", "context", "user", "history", "filter", "macro"]:
        assert not is_reserved_input(word)
        analysis = analyze("a.md", f"{{{{ {word} }}}}", partial=False)
        assert (analysis.problems, list(analysis.undeclared)) == ((), [word])


def test_a_type_name_is_short_for_a_schema() -> None:
    assert input_schemas({"a": "string", "b": {"enum": [1]}}) == {
        "a": {"type": "string"},
        "b": {"enum": [1]},
    }


INPUTS = {
    "ticket": {"type": "string", "maxLength": 10},
    "language": {"type": "string", "default": "en"},
    "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "default": [],
              "$defs": {"item": {"type": "integer"}}},
}  # fmt: skip


def test_defaults_are_filled_in_and_every_schema_is_its_own_root() -> None:
    validator = InputValidator(INPUTS)
    assert validator.complete({"ticket": "x"}) == {"ticket": "x", "language": "en", "items": []}
    assert validator.complete({"ticket": "x", "items": [1]})["items"] == [1]


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({}, "input 'ticket' is missing", "this prompt takes 'ticket', 'language', 'items'"),
        ({"tiket": "x"}, "input 'ticket' is missing; unknown input 'tiket'", "mean 'ticket'?"),
        ({"ticket": "x", "zzz": 1}, "unknown input 'zzz'", "this prompt takes"),
        ({"ticket": 1}, "input 'ticket' is not a text", None),
        ({"ticket": None}, "input 'ticket' is not a text", None),
        ({"ticket": "x" * 11}, "input 'ticket' is refused: ", None),
        ({"ticket": "x", "items": [1, "a"]}, "'items' is not a whole number at '1'", None),
        ({"ticket": 1, "items": 1}, "'ticket' is not a text; input 'items' is not a list", None),
        ({"ticket": b"x"}, "a value of the type bytes", "give texts"),
        ({"ticket": "x", "items": {1}}, "a value of the type set", "give texts"),
        ({"ticket": "x", "items": [{1: 2}]}, "a mapping with the key 1", "keys are texts"),
        ({"ticket": "x", "items": [float("nan")]}, "contains nan", None),
        ({"ticket": "\ud800"}, "half a character at index 0", "decode"),
    ],
)
def test_values_that_do_not_fit_are_named(
    values: dict[str, object], message: str, hint: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        InputValidator(INPUTS).complete(values)
    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


def test_a_long_value_is_not_quoted_back_whole() -> None:
    with pytest.raises(InputError) as caught:
        InputValidator(INPUTS).complete({"ticket": "x" * 100_000})
    assert len(caught.value.message) < 400


@pytest.mark.slow
def test_values_without_end_are_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    validator = InputValidator({"a": {"items": {"$ref": "#"}}})
    for value in (circle, deep):
        with pytest.raises(InputError, match="nested deeper"):
            validator.complete({"a": value})
    while isinstance(deep, list):  # freeing it in one go would overflow the stack of old Pythons
        deep = deep[0]


def test_what_is_like_json_becomes_plain_json() -> None:
    urgency = StrEnum("urgency", ["low", "high"])
    level = IntEnum("level", ["one"])
    given = {"a": [urgency["low"], level["one"], (1, 2.5), {"k": None}, True]}
    completed = InputValidator({"a": "array"}).complete(given)["a"]
    assert completed == ["low", 1, [1, 2.5], {"k": None}, True]
    assert isinstance(completed, list)
    assert [type(value) for value in completed] == [str, int, list, dict, bool]
    with pytest.raises(InputError, match="mappingproxy"):
        InputValidator({"a": "object"}).complete({"a": types.MappingProxyType({})})


def test_a_prompt_without_inputs_says_so() -> None:
    with pytest.raises(InputError) as caught:
        InputValidator({}).complete({"a": 1})
    assert caught.value.hint == snapshot("this prompt takes no inputs")


def test_an_invalid_schema_is_an_error_of_the_prompt_when_rendering() -> None:
    with pytest.raises(InputError, match="input 'a' has no valid schema"):
        InputValidator({"a": {"pattern": "("}}).complete({"a": "x"})
