"""Values are spelled, and names filled in, as promptfoo does."""

from __future__ import annotations

import pytest

from promptops.repository.adoption.promptfoo.values import UnsupportedTemplateError, fill, to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1.5, "1.5"), (True, "true"), (None, ""), (1e21, "1e+21"), (1e-7, "1e-7")],
)
def test_values_are_spelled_as_javascript_does(value: object, text: str) -> None:
    assert to_text(value) == text


def test_names_are_filled_in() -> None:
    assert fill("{{a}} {{ b.c }} {{d}}", {"a": 1.0, "b": {"c": "x"}}) == "1 x "
    assert fill("{{d}}", {}, keeps_unknown=True) == "{{d}}"
    with pytest.raises(UnsupportedTemplateError):
        fill("{{ a | upper }}", {"a": "x"})
