"""A type is written by the words of a language, whatever is in it."""

from __future__ import annotations

import pytest

from promptops.runtime.stubs.spelling import IDENTIFIER, TypeSpelling
from promptops.runtime.stubs.types import (
    ANY,
    ListType,
    LiteralType,
    MapType,
    NamedType,
    ScalarType,
    StubType,
    UnionType,
)

LANGUAGE = TypeSpelling(
    {"string": "Text", "any": "Thing"},
    "[{}]",
    "{{str: {}}}",
    lambda one: "/".join(map(str, one.values)),
)
STRING = ScalarType("string")


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (STRING, "Text"),
        (ListType(ListType(ANY)), "[[Thing]]"),
        (MapType(ListType(STRING)), "{str: [Text]}"),
        (LiteralType(("a", 1)), "a/1"),
        (UnionType((STRING, NamedType("Order"))), "Text | Order"),
        (ListType(UnionType((STRING, ANY))), "[Text | Thing]"),
    ],
)
def test_a_type_is_spelled_from_the_inside(one: StubType, text: str) -> None:
    assert LANGUAGE.spell(one) == text


@pytest.mark.parametrize(
    ("name", "is_plain"),
    [
        ("order_id", True),
        ("_x1", True),
        ("1x", False),
        ("a b", False),
        ("é", False),
        ("a\n", False),
    ],
)
def test_a_name_that_needs_no_quotes(name: str, is_plain: bool) -> None:
    assert bool(IDENTIFIER.fullmatch(name)) == is_plain
