"""Values of inputs: plain JSON alone reaches a template."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptops.errors import InputError
from promptops.prompt.template import CompiledTemplate
from promptops.prompt.template.values import MAX_LEVELS, plain_values
from tests.prompt.template.pieces import text

if TYPE_CHECKING:
    from collections.abc import Callable


class Colour(StrEnum):
    RED = "red"


class Sneaky(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "other"


def test_values_become_plain_before_a_template_sees_them() -> None:
    assert text("{{ a }}{{ b }}{{ c[0] }}", a=Sneaky("a"), b=Colour.RED, c=(True,)) == "aredTrue"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1, 2}, "type set"),
        (b"a", "type bytes"),
        ([object()], "type object"),
        ({1: 2}, "key of the type int"),
        ([{"a": Path("x")}], "type"),
        (lambda: 1, "type function"),
    ],
)
def test_values_that_json_has_no_word_for_are_refused_by_name(value: object, said: str) -> None:
    with pytest.raises(InputError, match=f"the input `x` holds .*{said}"):
        CompiledTemplate("a.md", "a", {}).render({"x": value})


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(InputError, match="in each other"):
        CompiledTemplate("a.md", "a", {}).render({"x": value})


def test_plain_values_are_neither_copied_nor_changed() -> None:
    values = {"a": [1, {"b": [None, "x", 1.5, True]}], "c": {}}
    assert plain_values(values) is values


def test_other_values_are_copied_and_their_owner_keeps_them() -> None:
    inner = {Colour.RED: (1, [Sneaky("a")])}
    values = {"a": inner, "b": True}
    plain = plain_values(values)
    assert plain == {"a": {"red": [1, ["a"]]}, "b": True}
    assert [type(key) for key in plain["a"]] == [str]  # type: ignore[attr-defined]
    assert type(inner[Colour.RED]) is tuple


@pytest.mark.parametrize("wrap", [lambda one: [one], lambda one: {"k": one}, lambda one: (one,)])
def test_values_are_nested_up_to_a_hundred_levels(wrap: Callable[[object], object]) -> None:
    value: object = 1
    for _ in range(MAX_LEVELS - 1):
        value = wrap(value)
    assert plain_values({"x": value})
    with pytest.raises(InputError, match="the input `x` holds more than 100 lists and objects"):
        plain_values({"y": 1, "x": wrap(value)})
