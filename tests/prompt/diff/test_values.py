"""JSON values compared as JSON, not as Python."""

from __future__ import annotations

import pytest

from promptops.prompt.diff.values import canonical_json, same_json


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ("é", "e\u0301", False),
        ([1, 2], [2, 1], False),
        ([1], (1.0,), True),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1.0}, True),
        ({"a": {"b": 1}}, {"a": {"b": True}}, False),
        ({"a": None}, {}, False),
        (10**30, 1e30, False),
        (0.1 + 0.2, 0.3, False),
    ],
)
def test_values_are_the_same_as_json_has_it(left: object, right: object, is_same: bool) -> None:
    assert same_json(left, right) is same_json(right, left) is is_same
    assert (canonical_json(left) == canonical_json(right)) is is_same
