"""Filters: what they print, and what they refuse."""

from __future__ import annotations

import pytest

from promptops.prompt.template import printing
from promptops.prompt.template.filters import (
    OPERATORS,
    REMOVED_FILTERS,
    build_filters,
    limit_method,
    same_as,
    tojson,
)
from promptops.prompt.template.printing import Refused
from tests.prompt.template.pieces import refusal, text


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a template build texts of a thousand characters at most."""
    monkeypatch.setattr(printing, "MAX_CHARACTERS", 1_000)


def test_a_filter_block_prints_only_text() -> None:
    assert text("{% filter list | length %}abc{% endfilter %}") == "3"
    error = refusal("a\n{% filter dictsort(1, 2) %}{% endfilter %}")
    assert error.line == 2


@pytest.mark.parametrize(
    ("left", "sign", "right", "result"),
    [
        ([1], "+", [2], [1, 2]),
        ("a", "*", 3, "aaa"),
        (2, "*", (1, 2), (1, 2, 1, 2)),
        (-7, "//", 2, -4),
        (2, "**", -1, 0.5),
        (1, "**", 10**9, 1),
        ("%s-%03d", "%", ("a", 7), "a-007"),
        ("%(k)s%%", "%", {"k": 1}, "1%"),
        (7, "%", 4, 3),
    ],
)
def test_operators_give_what_python_gives(
    left: object, sign: str, right: object, result: object
) -> None:
    assert OPERATORS[sign](left, right) == result


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("left", "sign", "right", "said"),
    [
        ("a" * 600, "+", "a" * 600, "characters"),
        (10**8, "*", "a", "characters"),
        ([[1] * 10], "*", 10**3, "characters"),
        (1 << 60_000, "*", 1 << 60_000, "bits"),
        (-2, "**", 10**6, "bits"),
        ({1}, "-", {2}, "cannot be subtracted"),
        ("%9999d", "%", 1, "a width"),
        ("%.*f", "%", (9999, 1.0), "a width"),
        ("%s", "%", None, "none cannot be printed"),
        ("%s" * 20, "%", tuple("a" * 20), "characters"),
    ],
    ids=[
        *("long texts", "text many times", "list many times", "large product", "large power"),
        *("sets", "wide number", "wide argument", "none", "many fields"),
    ],
)
def test_operators_refuse_what_grows_or_differs_between_runs(
    left: object, sign: str, right: object, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        OPERATORS[sign](left, right)


@pytest.mark.parametrize(
    ("value", "indent", "written"),
    [
        ({"b": "é<&>", "a": [None, True]}, None, '{"b": "é<&>", "a": [null, true]}'),
        ([1], 1, "[\n 1\n]"),
    ],
)
def test_json_is_for_a_model_to_read(value: object, indent: int | None, written: str) -> None:
    assert tojson(value, indent) == written


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, range(3), [b"a"]])
def test_what_json_has_no_word_for_is_refused(value: object) -> None:
    with pytest.raises(Refused, match="cannot be written as JSON"):
        tojson(value)


def test_sameness_is_of_type_and_value_and_of_no_address() -> None:
    assert same_as(["a"], ["a"])
    assert not same_as(1, True)


def test_filters_for_html_and_for_chance_are_gone_and_each_has_a_hint() -> None:
    filters = build_filters()
    assert not set(REMOVED_FILTERS) & set(filters)
    assert {"upper", "join", "tojson", "sort"} <= set(filters)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [("ljust", (1001,)), ("expandtabs", (1001,)), ("replace", ("a", "b" * 999)),
     ("join", (["x"] * 999,)), ("translate", ({},))],
)  # fmt: skip
def test_methods_that_multiply_text_are_stopped_before_they_run(
    name: str, arguments: tuple[object, ...]
) -> None:
    with pytest.raises(Refused):
        limit_method(name, "aa", arguments, {})
