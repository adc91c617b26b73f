"""What is proven about two schemas holds for every value; what is not understood is said so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.prompt.diff.schemas import Relation, compare_schemas
from promptops.prompt.schema import compile_schema

SAME, WIDER, NARROWER, UNDECIDABLE = Relation

ADDRESS = {"type": "object", "properties": {"city": {"type": "string"}}}
LIST = {"$ref": "#/$defs/list"}


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        ({"type": "string"}, {"type": "string", "description": "words"}, SAME),
        ({"type": "string"}, {}, WIDER),
        ({"type": "string"}, True, WIDER),
        ({"type": "integer"}, {"type": "number"}, WIDER),
        ({"type": "string"}, {"type": ["string", "null"]}, WIDER),
        ({"type": "string"}, {"anyOf": [{"type": "null"}, {"type": "string"}]}, WIDER),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}, SAME),
        ({"type": "string"}, {"type": "integer"}, UNDECIDABLE),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a", "c"]}, WIDER),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}, SAME),
        ({"enum": ["a", "b"]}, {"enum": ["a", "c"]}, UNDECIDABLE),
        ({"const": "a"}, {"enum": ["a"]}, SAME),
        ({"const": 1}, {"const": True}, UNDECIDABLE),
        ({"type": "boolean"}, {"enum": [True, False]}, SAME),
        ({"enum": ["a"]}, {"type": "string", "maxLength": 1}, WIDER),
        ({"type": "string", "enum": ["a", 1]}, {"const": "a"}, SAME),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}, SAME),
        ({"type": "number", "minimum": 1}, {"type": "number", "exclusiveMinimum": 0}, WIDER),
        ({"type": "number", "maximum": 5}, {"type": "number", "maximum": 5.0}, SAME),
        ({"type": "integer", "maximum": 5}, {"type": "integer", "exclusiveMaximum": 6}, SAME),
        ({"type": "integer", "multipleOf": 4}, {"type": "integer", "multipleOf": 2}, WIDER),
        ({"maxLength": 10}, {"maxLength": 20}, WIDER),
        ({"type": "string"}, {"type": "string", "maxLength": 20}, NARROWER),
        ({"type": "string"}, {"type": "string", "pattern": "^a"}, NARROWER),
        ({"pattern": "^a"}, {"pattern": "^(a)"}, UNDECIDABLE),
        ({"type": "string", "format": "email"}, {"type": "string"}, WIDER),
        (
            {"type": "array", "items": {"type": "integer"}},
            {"type": "array", "items": {"type": "number"}},
            WIDER,
        ),
        (
            {"type": "array", "maxItems": 3, "uniqueItems": True},
            {"type": "array", "maxItems": 4},
            WIDER,
        ),
        ({"type": "object", "required": ["a", "b"]}, {"type": "object", "required": ["a"]}, WIDER),
        (
            {"type": "object", "additionalProperties": False},
            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
            WIDER,
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}},
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
            NARROWER,
        ),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"properties": {"a": {}}, "additionalProperties": {"type": "string"}},
            WIDER,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "additionalProperties": False,
            },
            {"type": "object", "additionalProperties": {"type": "string"}},
            WIDER,
        ),
        (
            {"allOf": [{"type": "string"}, {"maxLength": 3}]},
            {"type": "string", "maxLength": 3},
            SAME,
        ),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}, SAME),
        (
            {"oneOf": [{"properties": {"k": {"const": "a"}}, "required": ["k"], "type": "object"}]},
            {
                "oneOf": [
                    {"properties": {"k": {"const": "a"}}, "required": ["k"], "type": "object"},
                    {"properties": {"k": {"const": "b"}}, "required": ["k"], "type": "object"},
                ]
            },
            WIDER,
        ),
        (
            {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": ADDRESS}},
            {"properties": {"a": ADDRESS}},
            SAME,
        ),
        (
            {**LIST, "$defs": {"list": {"type": "array", "items": LIST}}},
            {**LIST, "$defs": {"list": {"type": "array", "items": LIST, "maxItems": 3}}},
            UNDECIDABLE,
        ),
        ({"not": {"type": "null"}}, {"not": {"type": "null"}, "title": "x"}, SAME),
        (
            {"if": {"type": "string"}, "then": {"maxLength": 3}},
            {"if": {"type": "string"}, "then": {"maxLength": 4}},
            UNDECIDABLE,
        ),
        ({"x-kind": "a"}, {"x-kind": "b"}, UNDECIDABLE),
        ({"type": "nonsense"}, {"type": "string"}, UNDECIDABLE),
        ({"minimum": 5, "maximum": 1, "type": "integer"}, False, SAME),
        (
            {"anyOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
            {"unevaluatedProperties": False},
            UNDECIDABLE,
        ),
    ],
)
def test_relation_of_two_schemas(old: Any, new: Any, relation: Relation) -> None:
    assert compare_schemas(old, new) is relation
    turned = {WIDER: NARROWER, NARROWER: WIDER}.get(relation, relation)
    assert compare_schemas(new, old) is turned


def test_references_that_multiply_without_end_are_not_followed() -> None:
    defs = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema = {"$ref": "#/$defs/d0", "$defs": {**defs, "d40": {}}}
    assert compare_schemas(schema, {**schema, "minimum": 1}) is UNDECIDABLE


def test_deep_schemas_are_undecidable_rather_than_a_crash() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(300):
        deep = {"type": "array", "items": deep}
    assert compare_schemas(deep, {**deep, "maxItems": 3}) in {NARROWER, UNDECIDABLE}


NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.sampled_from([None, True, False, 0, 1, 2, 1.5, -1, "", "a", "ab", "b"])
INSTANCES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
SMALL = st.integers(0, 3)
TYPE = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPE | st.lists(TYPE, min_size=1, max_size=2, unique=True),
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "const": SCALARS,
        "minimum": SMALL,
        "exclusiveMinimum": SMALL,
        "maximum": SMALL,
        "exclusiveMaximum": SMALL | st.just(1.5),
        "multipleOf": st.integers(1, 3),
        "minLength": SMALL,
        "maxLength": SMALL,
        "pattern": st.sampled_from(["^a", "b"]),
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "minItems": SMALL,
        "maxItems": SMALL,
        "uniqueItems": st.booleans(),
        "contains": inner,
        "minContains": SMALL,
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "patternProperties": st.dictionaries(st.sampled_from(["a|b", "c"]), inner, max_size=1),
        "additionalProperties": inner,
        "propertyNames": inner,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "minProperties": SMALL,
        "maxProperties": SMALL,
        "dependentRequired": st.just({"a": ["b"]}),
        "unevaluatedProperties": inner,
        "unevaluatedItems": inner,
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    chosen = st.lists(st.sampled_from(sorted(keywords)), max_size=4, unique=True)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: keywords[key] for key in keys}))


SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.booleans() | st.builds(dict), grow, max_leaves=6)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two schemas, often the one made from the other, so that there is something to prove."""
    old = draw(SCHEMAS)
    if not isinstance(old, dict) or draw(st.integers(0, 4)) == 0:
        return old, draw(SCHEMAS)
    other = draw(SCHEMAS)
    new = {**old, **other} if isinstance(other, dict) else dict(old)
    for key in draw(st.lists(st.sampled_from(sorted(new) or ["type"]), max_size=2)):
        new.pop(key, None)
    wrap = draw(st.sampled_from([None, "anyOf", "allOf", "oneOf"]))
    return old, new if wrap is None else {wrap: [new, draw(SCHEMAS)]}


@pytest.mark.story
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs(), st.lists(INSTANCES, min_size=20, max_size=20))
def test_no_value_contradicts_what_was_proven(pair: tuple[Any, Any], values: list[Any]) -> None:
    old, new = pair
    relation = compare_schemas(old, new)
    if relation is UNDECIDABLE:
        return
    first, second = compile_schema(old), compile_schema(new)
    for value in values:
        was, is_now = first.is_valid(value), second.is_valid(value)
        if relation in {SAME, WIDER}:
            assert not (was and not is_now)
        if relation in {SAME, NARROWER}:
            assert not (is_now and not was)


@pytest.mark.story
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(SCHEMAS)
def test_a_schema_is_the_same_as_itself_whatever_its_annotations(schema: Any) -> None:
    described = {**schema, "description": "words"} if isinstance(schema, dict) else schema
    assert compare_schemas(schema, described) is SAME
