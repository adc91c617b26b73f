"""JSON Schemas of draft 7 become such of draft 2020-12 that accept the same values."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.repository.adoption.promptfoo.schemas import (
    ForeignSchemaError,
    NeverJudgedError,
    translate,
)

STRING, NUMBER = {"type": "string"}, {"type": "number"}


@pytest.mark.parametrize(
    ("schema", "translated"),
    [
        (True, True),
        ({"$schema": "http://json-schema.org/draft-07/schema#", **STRING}, STRING),
        ({"items": [STRING, NUMBER]}, {"prefixItems": [STRING, NUMBER]}),
        (
            {"items": [STRING], "additionalItems": False},
            {"prefixItems": [STRING], "items": False},
        ),
        # Draft 7 ignores it beside a single schema.
        ({"items": STRING, "additionalItems": False}, {"items": STRING}),
        (
            {"properties": {"a": {"items": [STRING]}}},
            {"properties": {"a": {"prefixItems": [STRING]}}},
        ),
        ({"anyOf": [{"items": [STRING]}]}, {"anyOf": [{"prefixItems": [STRING]}]}),
        ({"not": {"items": [STRING]}}, {"not": {"prefixItems": [STRING]}}),
        # Beside a reference, draft 7 ignores all but what it may refer to.
        (
            {"$ref": "#/definitions/a", "maxLength": 1, "definitions": {"a": {"items": [STRING]}}},
            {"$ref": "#/definitions/a", "definitions": {"a": {"prefixItems": [STRING]}}},
        ),
    ],
)
def test_a_schema_accepts_the_same_values(schema: Any, translated: Any) -> None:
    assert translate(schema) == translated


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ([], "the schema is not a mapping"),
        ({"example": 1}, "unknown keyword 'example'"),
        ({"properties": {"a": {"title": "A", "tpye": "x"}}}, "unknown keyword 'tpye'"),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "the schema is of https"),
        ({"properties": []}, "'properties' of the schema is not a mapping"),
        ({"allOf": []}, "'allOf' of the schema is not a list"),
    ],
)
def test_what_promptfoos_engine_refuses_is_never_judged(schema: Any, why: str) -> None:
    with pytest.raises(NeverJudgedError, match=why):
        translate(schema)


@pytest.mark.parametrize("key", ["format", "dependencies", "nullable", "$id"])
def test_what_means_something_else_here_is_refused(key: str) -> None:
    with pytest.raises(ForeignSchemaError, match=key.replace("$", r"\$")):
        translate({"items": {key: "x"}})
