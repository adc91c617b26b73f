"""JSON of answers: strict parsing, differences, and paths."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.evals.scorers.scorer import ScorerError
from promptops.evals.scorers.values import NotJson, are_equal, difference, find_path, parse


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```json\n{}\n```", "it is fenced as Markdown"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ("-Infinity", "-Infinity is not a JSON number"),
        ('{"a": 1, "a": 1}', "'a'"),
        ("{} {}", "Extra data"),
        ("[" * 100_000, "the answer is not JSON"),
        ("", "Expecting value"),
    ],
)
def test_what_is_not_json_as_a_whole_is_refused(text: str, why: str) -> None:
    with pytest.raises(NotJson) as raised:
        parse(text)
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (1, "1", False),
        (None, False, False),
        ({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2}]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
    ],
)
def test_equality_is_that_of_json(one: object, other: object, equal: bool) -> None:
    assert are_equal(one, other) is equal


@pytest.mark.parametrize(
    ("given", "wanted", "subset", "found"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True, None),
        ({"a": 1, "b": 2}, {"a": 1}, False, "there is an unexpected key: 'b'"),
        ({}, {"a": 1}, True, "'a' is missing"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, True, "1 at 'a.b' is not 2"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, True, "1 at 'a[0].b' is not 2"),
        ([1, 2], [1], True, "the list has 2 items, not 1"),
        ({"a": 1}, {"a": [1]}, True, "1 at 'a' is not a list"),
        ([], {"a": 1}, True, "[] is not a mapping"),
    ],
)
def test_the_first_difference_is_named_with_its_place(
    given: object, wanted: object, subset: bool, found: str | None
) -> None:
    assert difference(given, wanted, subset=subset) == found


VALUE = {"items": [{"name": "a"}, {"name": "b"}, {}], "a.b": {"c d": 1}, "e": [[1, 2], [3]]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("items[0].name", ["a"]),
        ("$.items[1].name", ["b"]),
        ("items[-1]", [{}]),
        ("items[3]", []),
        ("items[-4]", []),
        ("items[*].name", ["a", "b"]),
        ("e[*][*]", [1, 2, 3]),
        ("['a.b']['c d']", [1]),
        ('["a.b"].*', [1]),
        ("items.name", []),
        ("$", [VALUE]),
        ("", [VALUE]),
    ],
)
def test_a_path_leads_to_values(path: str, found: list[Any]) -> None:
    assert find_path(VALUE, path) == found


@pytest.mark.parametrize("path", ["a[", "a[b]", "a..b", "a.", "['a"])
def test_a_malformed_path_is_an_error(path: str) -> None:
    with pytest.raises(ScorerError, match="is not a path"):
        find_path({"a": {"b": 1}}, path)
