"""What schemas can expand to: harmless ones, with the budget lowered."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.prompt import expansion
from promptops.prompt.expansion import expansion_fault
from promptops.prompt.metadata import frontmatter_schema
from promptops.prompt.schema import SchemaFault, compile_schema
from promptops.prompt.suite.grammar import suite_schema

STRING = {"type": "string"}
METASCHEMA = "https://json-schema.org/draft/2020-12/schema"


def chain(keyword: str, length: int, width: int = 2) -> dict[str, Any]:
    """A schema that refers to `width` of the next, `length` times."""
    defs: dict[str, Any] = {
        f"d{number}": {keyword: [{"$ref": f"#/$defs/d{number + 1}"}] * width}
        for number in range(length)
    }
    return {"$defs": {**defs, f"d{length}": STRING}, "$ref": "#/$defs/d0"}


def nested(length: int) -> dict[str, Any]:
    """Schemas that ask for what the ones within did not evaluate."""
    schema: dict[str, Any] = {"properties": {"a": True}}
    for _ in range(length):
        schema = {"allOf": [schema], "unevaluatedProperties": False}
    return schema


def tree(*below: dict[str, Any]) -> dict[str, Any]:
    """A schema of a tree, which refers to itself below."""
    return {"$defs": {"tree": {"allOf": list(below)}}, "$ref": "#/$defs/tree"}


TREE = {"$ref": "#/$defs/tree"}

EXPANDING = {
    "allOf": chain("allOf", 5),
    "anyOf": chain("anyOf", 5),
    "oneOf": chain("oneOf", 5),
    "wide": chain("allOf", 2, 8),
    "unevaluated": nested(3),
    "items twice": tree({"items": TREE}, {"items": TREE}),
    "a property twice": tree({"properties": {"a": TREE}}, {"properties": {"a": TREE}}),
    "a property and a pattern": {
        "$defs": {"tree": {"properties": {"a": TREE}, "patternProperties": {"a": TREE}}},
        "$ref": "#/$defs/tree",
    },
    "items and contains": tree({"items": TREE, "contains": TREE}),
    "by anchor": {
        "$defs": {"t": {"$anchor": "t", "items": {"allOf": [{"$ref": "#t"}, {"$ref": "#t"}]}}},
        "$ref": "#t",
    },
    "by id": {
        "$id": "https://example.com/a",
        "$defs": {"t": {"$id": "b", "items": {"allOf": [{"$ref": "b"}, {"$ref": "#"}]}}},
        "$ref": "https://example.com/b",
    },
    "by a dynamic anchor": {
        "$dynamicAnchor": "t",
        "items": {"allOf": [{"$dynamicRef": "#t"}, {"$dynamicRef": "#t"}]},
    },
    "with metaschemas": {"allOf": [{"$ref": METASCHEMA}]},
}
FINE = {
    "no reference": {"anyOf": [STRING] * 100},
    "true": True,
    "one of each": chain("allOf", 5, 1),
    "a tree": tree({"properties": {"left": TREE, "right": TREE}}),
    "a tree in halves": tree({"properties": {"left": TREE}}, {"properties": {"right": TREE}}),
    "a list of lists": {"items": {"$ref": "#"}},
    "by encoded pointer": {"$defs": {"a b/c": STRING}, "$ref": "#/$defs/a%20b~1c"},
    "shared by properties": {
        "$defs": {"s": {"maxLength": 3}},
        "properties": {name: {"$ref": "#/$defs/s"} for name in "abcdefghijklmnopqrstuvwxyz"},
    },
}


@pytest.mark.parametrize("name", EXPANDING)
def test_what_expands_is_counted(name: str) -> None:
    fault = expansion_fault(EXPANDING[name], budget=30)
    assert fault is not None
    assert "more than 30 schemas" in fault


@pytest.mark.parametrize("name", FINE)
def test_what_does_not_expand_is_fine(name: str) -> None:
    compile_schema(FINE[name])  # type: ignore[arg-type]
    # Each level of a value adds the schemas of one level, not those of all.
    assert expansion_fault(FINE[name], budget=64 * 6) is None


@pytest.mark.slow
def test_our_own_schemas_are_fine() -> None:
    assert expansion_fault(frontmatter_schema()) is None
    assert expansion_fault(suite_schema()) is None


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "#"}, "its reference to '#' forms a cycle"),
        ({"allOf": [{"anyOf": [{"$ref": "#"}]}]}, "forms a cycle"),
        (
            {"$dynamicAnchor": "meta", "allOf": [{"$ref": METASCHEMA}]},
            "which cannot be resolved",
        ),
    ],
)
def test_what_cannot_be_counted_is_a_fault(schema: dict[str, Any], why: str) -> None:
    with pytest.raises(SchemaFault, match=why):
        compile_schema(schema)


def test_the_engine_never_sees_what_expands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "BUDGET", 30)
    for schema in EXPANDING.values():
        with pytest.raises(SchemaFault, match="expand to more than 30"):
            compile_schema(schema)


@pytest.mark.parametrize("wrong", [{"allOf": 3}, {"dependentSchemas": []}, {"properties": "a"}])
def test_what_is_malformed_is_a_fault(wrong: dict[str, Any]) -> None:
    with pytest.raises(SchemaFault):
        compile_schema({**wrong, "anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": STRING}})
    with pytest.raises(SchemaFault):
        compile_schema({"more": wrong, "anyOf": [{"$ref": "#/more"}]})


def test_what_is_no_schema_is_said_first() -> None:
    with pytest.raises(SchemaFault, match="'type' is not a JSON Schema type"):
        compile_schema({**chain("allOf", 20), "type": "text"})
