"""Conditions of routes, escalation and review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import TemplateError
from promptops.runtime.run.conditions import holds

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("text == 'a'", {"text": "a"}, True),
        ("text == 'a'", {"text": "A"}, False),
        ("text | length > 2 and 'b' in text", {"text": "abc"}, True),
        ("output.score < 0.5", {"output": {"score": 0.4}}, True),
        ("output.score < 0.5", {"output": {"score": 0.5}}, False),
        ("items", {"items": []}, False),
        ("text == '%}'", {"text": "%}"}, True),
        ("text is not defined", {}, True),
        # Neither a value nor the words of the answer decide.
        ("text == 'b'", {"text": "yes"}, False),
    ],
)
def test_a_condition_holds_for_values(
    condition: str, values: Mapping[str, Any], *, expected: bool
) -> None:
    assert holds("a.md", condition, values) == expected


@pytest.mark.parametrize("condition", ["score < 1", "text.score < 1", "text.__class__.__mro__"])
def test_what_cannot_be_decided_is_an_error(condition: str) -> None:
    with pytest.raises(TemplateError):
        holds("a.md", condition, {"text": "a"})
