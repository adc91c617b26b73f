"""What a JSON Schema becomes as a type, and under which name."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.runtime.stubs.types import (
    ANY,
    ListType,
    LiteralType,
    MapType,
    NamedType,
    PromptStub,
    ScalarType,
    StubAlias,
    StubObject,
    StubType,
    UnionType,
    read_stubs,
    sample_inputs,
    sample_output,
)
from tests.runtime.stubs.pieces import all_stubs, load, typed

STRING = ScalarType("string")
INTEGER = ScalarType("integer")


def read(schema: str) -> PromptStub:
    (stub,) = read_stubs([load("a", inputs="{x: " + schema + "}")])
    return stub


def type_of(schema: str) -> StubType:
    inputs = read(schema).declarations[-1]
    assert isinstance(inputs, StubObject)
    return inputs.fields[0].type


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ("{type: string, maxLength: 3}", STRING),
        ("{type: [integer, 'null']}", UnionType((INTEGER, ScalarType("null")))),
        ("{enum: [a, 1, null]}", LiteralType(("a", 1, None))),
        ("{const: true}", LiteralType((True,))),
        ("{type: array, items: {type: string}}", ListType(STRING)),
        ("{type: array}", ListType(ANY)),
        ("{type: object, additionalProperties: {type: integer}}", MapType(INTEGER)),
        ("{type: object}", MapType(ANY)),
        ("{anyOf: [{type: string}, {type: integer}]}", UnionType((STRING, INTEGER))),
        ("{oneOf: [{type: string}, {type: string, minLength: 1}]}", STRING),
        # In Python 1 equals true, in JSON it does not.
        (
            "{anyOf: [{const: 1}, {const: true}]}",
            UnionType((LiteralType((1,)), LiteralType((True,)))),
        ),
        # What says nothing of a type may be any value, and so may a union with it.
        ("{}", ANY),
        ("{not: {type: string}}", ANY),
        ("{anyOf: [{type: string}, {not: {type: integer}}]}", ANY),
        ("{const: [1]}", ANY),
        ("{$ref: '#/$defs/none', $defs: {}}", ANY),
        ("{$ref: '#/$defs/a~1b', $defs: {a/b: {type: string}}}", NamedType("AXA1b")),
    ],
)
def test_a_schema_is_a_type(schema: str, found: StubType) -> None:
    assert type_of(schema) == found


def test_an_object_is_declared_with_what_it_requires() -> None:
    stub = read(
        "{type: object, required: [a], properties: {a: {type: string, description: d}, 'b c': {}}}"
    )
    one = stub.declarations[0]
    assert isinstance(one, StubObject)
    assert one.name == "AX"
    assert one.fields == (("a", STRING, True, "d"), ("b c", ANY, False, ""))


def test_an_input_with_a_default_need_not_be_given() -> None:
    inputs = read_stubs([typed()])[0].declarations[2]
    assert isinstance(inputs, StubObject)
    needed = [one.name for one in inputs.fields if one.is_required]
    assert needed == ["question", "order"]


def test_a_part_that_refers_to_itself_is_declared_once() -> None:
    stub = read_stubs([typed()])[0]
    nodes = [one for one in stub.declarations if one.name == "SupportTypedOutputNode"]
    assert nodes == [StubAlias("SupportTypedOutputNode", NamedType("SupportTypedOutputNodeValue"))]


def test_names_are_distinct() -> None:
    assert [one.base for one in all_stubs()] == ["SupportTyped", "SupportAB", "SupportAb2"]


def test_types_of_a_prompt_take_no_name_that_the_file_declares() -> None:
    (stub,) = read_stubs([load("prompt")])
    assert stub.inputs.name == "PromptInputs2"


def test_a_name_begins_with_a_letter() -> None:
    assert [one.base for one in read_stubs([load("3d/a")])] == ["Prompt3dA"]


def test_a_sample_has_what_is_required_and_is_valid() -> None:
    prompt = typed()
    (stub,) = read_stubs([prompt])
    inputs: dict[str, Any] = sample_inputs(stub)
    assert inputs == {"question": "...", "order": {"id": 1}}
    # Rendering checks them against their schemas.
    prompt.render(inputs)
    assert sample_output(stub) == {"topic": "billing", "tree": {"name": "..."}}
    assert sample_output(read_stubs([load("a")])[0]) is None
