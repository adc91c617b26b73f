"""Texts of checks and of messages: scalars, case, and quotations that fit on a line."""

from __future__ import annotations

import pytest

from promptops.evals.scorers.texts import as_text, folded, quoted


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (42, "42"), (4.5, "4.5"), (True, "true"), (False, "false")]
)
def test_a_scalar_of_yaml_is_compared_as_it_is_written(value: str | float, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Paris", "'Paris'"),
        ("a\nb", "'a⏎b'"),
        ({"Straße": 1}, '{"Straße": 1}'),
        ("x" * 58, f"'{'x' * 58}'"),
        ("a" * 50 + "z" * 50, f"'{'a' * 39}…{'z' * 14}'"),
    ],
)
def test_a_quotation_is_one_short_line(value: object, said: str) -> None:
    assert quoted(value) == said
    assert len(said) <= 60


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ({"case": False}, "strasse"),
        ({"case": "lower"}, "straße"),
        ({"case": True}, "STRAßE"),
        ({}, "STRAßE"),
        ("a text alone", "STRAßE"),
    ],
)
def test_case_is_folded_on_request(argument: object, text: str) -> None:
    assert folded("STRAßE", argument) == text
