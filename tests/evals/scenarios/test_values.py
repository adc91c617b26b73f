"""Values worth trying: those that a schema names, and the edges of what it allows."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.evals.scenarios.values import ABSENT, CANARY, ValueKind, list_values


def values(schema: dict[str, Any], kind: ValueKind | None = None) -> list[Any]:
    return [one.value for one in list_values(schema) if kind is None or one.kind is kind]


@pytest.mark.parametrize(
    ("schema", "listed"),
    [
        ({"enum": ["fast", "slow", "fast"]}, ["fast", "slow"]),
        ({"const": 7}, [7]),
        ({"const": None}, [None]),
        ({"type": "boolean"}, [True, False]),
        ({"type": ["boolean", "null"]}, [True, False, None]),
        ({"type": "boolean", "default": True}, [ABSENT, True, False]),
        ({"type": "integer", "minimum": 2, "maximum": 8}, [0, 1, -1, 2, 8, 10**9]),
        (
            {"type": "integer", "exclusiveMinimum": 2, "exclusiveMaximum": 8},
            [0, 1, -1, 3, 7, 10**9],
        ),
        ({"type": "number", "exclusiveMinimum": 0}, [0, 1, -1, 0.5, 10**9]),
        ({"type": "array", "items": {"enum": ["a"]}, "maxItems": 3}, [["a"], [], ["a", "a", "a"]]),
        (
            {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"const": 1}, "note": {"enum": ["n"]}},
            },
            [{"id": 1, "note": "n"}, {"id": 1}],
        ),
    ],
)
def test_the_edges_of_a_schema_are_tried_once(schema: dict[str, Any], listed: list[Any]) -> None:
    assert values(schema) == listed


def test_a_text_is_as_short_and_as_long_as_it_may_be() -> None:
    schema = {"type": "string", "minLength": 3, "maxLength": 50}
    assert "aaa" in values(schema, ValueKind.BOUNDARY)
    (longest,) = values(schema, ValueKind.LONG)
    assert len(longest) == 50
    (unbounded,) = values({"type": "string"}, ValueKind.LONG)
    assert len(unbounded) == 4_000


def test_a_text_is_tried_in_every_way() -> None:
    assert {one.kind for one in list_values({})} == set(ValueKind) - {ValueKind.MISSING}
    assert sum(CANARY in text for text in values({}, ValueKind.HOSTILE)) == 2


def test_an_example_comes_before_what_is_made_up() -> None:
    first = list_values({"type": "string", "examples": ["ABC " * 20]})[0]
    assert (first.kind, first.value) == (ValueKind.PLAIN, "ABC " * 20)
    assert len(first.name) == 30
