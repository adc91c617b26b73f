"""The order of names with numbers."""

from __future__ import annotations

import pytest

from promptops.evals.ordering import natural_key


@pytest.mark.parametrize(
    "names",
    [
        ["a", "a1", "a2", "a10", "b"],
        ["1", "2", "10", "x"],
        ["a1b2", "a1b10", "a2b1"],
        ["a01", "a1", "a2"],
        ["a" + "9" * 5000, "a1" + "0" * 5000],
        ["a0", "a1"],
    ],
)
def test_numbers_in_names_are_ordered_by_value(names: list[str]) -> None:
    shuffled = names[::-1]
    assert sorted(shuffled, key=natural_key) == names
