"""Reference texts: one, several, or beside options."""

from __future__ import annotations

import pytest

from promptops.evals.scorers.references import references


@pytest.mark.parametrize(
    ("argument", "texts"),
    [
        ("one", ["one"]),
        (["one", "two"], ["one", "two"]),
        ({"texts": "one", "type": "L"}, ["one"]),
        ({"texts": ["one", "two"]}, ["one", "two"]),
    ],
)
def test_all_reference_texts_are_listed(argument: object, texts: list[str]) -> None:
    assert references(argument) == texts
