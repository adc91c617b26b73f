"""The engine: no reference is followed, and no schema or pattern runs away."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from promptops.prompt import schema as schema_module
from promptops.prompt.schema import SchemaFault, compile_again, compile_schema, explain_refusal
from tests.forking import count_hung


def test_no_reference_ever_opens_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    for reference in ("http://127.0.0.1:9/s", "https://example.com/s", "urn:x", "//example.com/s"):
        with pytest.raises(SchemaFault, match="outside"):
            compile_schema({"$ref": reference})


def test_schemas_that_go_in_circles_or_too_deep_do_no_harm() -> None:
    with pytest.raises(SchemaFault, match="forms a cycle"):
        compile_schema({"$ref": "#"})
    deep: dict[str, Any] = {}
    for _ in range(2000):
        deep = {"not": deep}
    with pytest.raises(SchemaFault):
        compile_schema(deep)


@pytest.mark.parametrize(
    ("schema", "message", "path"),
    [
        ({"properties": {"a": {"type": "strin"}}}, "'properties.a.type' is not a JSON Schema type",
         ("properties", "a", "type")),
        ({"minLength": -1}, "'minLength': ", ("minLength",)),
        ({"$ref": "other.json"}, "it refers to 'other.json', which is outside of it", ()),
        ({"$ref": "#/$defs/x"}, "it refers to '#/$defs/x', which does not exist", ()),
        ({"pattern": "("}, "'pattern': ", ("pattern",)),
    ],
)  # fmt: skip
def test_an_invalid_schema_says_what_is_wrong_and_where(
    schema: dict[str, Any], message: str, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(SchemaFault) as caught:
        compile_schema(schema)
    assert caught.value.message.startswith(message)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": ["string", "null"]}, 1, "is not null or a text"),
        ({"properties": {"a": {"items": {"type": "integer"}}}}, {"a": [1, "x"]},
         "is not a whole number at 'a.1'"),
        ({"properties": {"a": {"maxLength": 1}}}, {"a": "xyz"}, "is refused at 'a': "),
        ({"enum": ["x" * 400]}, "y" * 400, "is refused: "),
        (True, 1, None),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_expected_and_where(
    schema: dict[str, Any] | bool, value: object, said: str | None
) -> None:
    told = explain_refusal(compile_schema(schema), value)
    assert (told is None) is (said is None)
    assert told is None or (told.startswith(str(said)) and len(told) < 240)


def test_a_schema_that_many_share_is_compiled_once_and_alike_ones_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema_module, "_compiled", {})
    monkeypatch.setattr(schema_module, "_MAX_COMPILED", 2)
    first = compile_again({"const": 1})
    assert compile_again({"const": 1}) is first
    # Equal in Python, and other values in JSON.
    assert not compile_again({"const": True}).is_valid(1)
    assert compile_again({"const": "1"}).is_valid("1")
    assert compile_again({"const": 1}) is not first


@pytest.mark.story
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_no_child_is_forked_while_the_engine_starts() -> None:
    use = "from promptops.prompt.schema import compile_schema; compile_schema(True)"
    assert count_hung(use) == 0
