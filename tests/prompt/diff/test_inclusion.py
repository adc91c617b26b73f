"""Proofs that one schema takes whatever another takes; no proof is a plain no."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.prompt.diff import inclusion
from promptops.prompt.diff.inclusion import is_subset

OBJECT = {"type": "object", "properties": {"a": {"enum": ["x"]}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("inner", "outer", "is_proven"),
    [
        (True, {}, True),
        (False, False, True),
        ({}, False, False),
        ({"type": "integer"}, {"type": ["number", "null"]}, True),
        ({"type": "number"}, {"type": "integer"}, False),
        # A value that can be listed is tried.
        ({"enum": [1, 2.5]}, {"type": "number", "exclusiveMinimum": 0}, True),
        ({"enum": ["ab", "abc"]}, {"maxLength": 2}, False),
        ({"type": ["boolean", "null"]}, {"enum": [None, True, False]}, True),
        # Bounds that leave nothing.
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, {"const": "x"}, True),
        ({"type": "string", "minLength": 3, "maxLength": 2}, {"const": 1}, True),
        (
            {"type": "object", "required": ["a"], "properties": {"a": False}},
            {"type": "string"},
            True,
        ),
        # Each form of the one fits some form of the other.
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["null", "string"]}, True),
        ({"allOf": [{"minimum": 3}, {"type": "integer"}]}, {"minimum": 4}, False),
        ({"allOf": [{"minimum": 3}, {"type": "integer"}]}, {"type": "number", "minimum": 2}, True),
        (OBJECT, {"properties": {"a": {"type": "string"}}}, True),
        (OBJECT, {"type": "object", "minProperties": 1}, True),
        (OBJECT, {"type": "object", "additionalProperties": {"type": "string"}}, False),
        (
            {**OBJECT, "additionalProperties": False},
            {"type": "object", "additionalProperties": {"type": "string"}},
            True,
        ),
        # The properties of patterns are not followed, so nothing is proven by them.
        (
            {"patternProperties": {"^b": True}, "additionalProperties": False, "type": "object"},
            {"type": "object", "additionalProperties": {"type": "string"}},
            False,
        ),
        ({"type": "array", "items": {"const": 1}}, {"items": {"type": "integer"}}, True),
        ({"type": "array", "items": {"const": 1}}, {"prefixItems": [True], "items": {}}, False),
        ({"type": "array", "maxItems": 1}, {"uniqueItems": True}, True),
        ({"type": "integer", "multipleOf": 6}, {"type": "number", "multipleOf": 3}, True),
        ({"type": "integer", "multipleOf": 3}, {"multipleOf": 6}, False),
        # One branch fits, and the other surely does not.
        (OBJECT, {"oneOf": [OBJECT, {"type": "string"}]}, True),
        (OBJECT, {"oneOf": [OBJECT, {**OBJECT, "properties": {"a": {"const": "y"}}}]}, True),
        (OBJECT, {"oneOf": [OBJECT, {"type": "object"}]}, False),
        # What is not understood proves something only if both say it.
        ({"not": {"type": "null"}, "type": "string"}, {"not": {"type": "null"}}, True),
        ({"not": {"type": "null"}}, {"not": {"type": ["null", "string"]}}, False),
        ({"if": {"const": 1}, "then": False}, {"if": {"const": 1}, "then": True}, False),
    ],
)
def test_a_proof_is_found_or_none_is_claimed(inner: Any, outer: Any, is_proven: bool) -> None:
    assert is_subset(inner, outer) is is_proven


@pytest.mark.parametrize(("pairs", "is_proven"), [(4, True), (8, False)])
def test_forms_that_multiply_are_proven_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch, pairs: int, is_proven: bool
) -> None:
    monkeypatch.setattr(inclusion, "_MAX_STEPS", 500)
    either = {"anyOf": [{"minimum": 1}, {"minimum": 2}]}
    inner: Any = {"type": "integer", "allOf": [either] * pairs}
    assert is_subset(inner, {"minimum": 1}) is is_proven


@pytest.mark.parametrize(("levels", "is_proven"), [(5, True), (100, False)])
def test_what_lies_deep_is_proven_up_to_a_bound(levels: int, is_proven: bool) -> None:
    inner: Any = {"const": 1}
    outer: Any = {"type": "integer"}
    for _ in range(levels):
        inner, outer = ({"type": "array", "items": one} for one in (inner, outer))
    assert is_subset(inner, outer) is is_proven
