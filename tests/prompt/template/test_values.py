"""Values of inputs: plain JSON alone reaches a template."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest

from promptops.errors import InputError
from promptops.prompt.template import CompiledTemplate
from tests.prompt.template.pieces import text


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
