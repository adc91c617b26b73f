"""What a template may print, and what its work costs."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import UndefinedError

from promptops.prompt.template.environment import ENVIRONMENT
from promptops.prompt.template.printing import (
    MAX_CHARACTERS,
    MAX_STEPS,
    MAX_WIDTH,
    Budget,
    Refused,
    describe,
    limit_length,
    limit_width,
    text,
    weigh,
)


def share_twice(times: int) -> list[Any]:
    """A list that holds one list twice, which holds one twice, and so on."""
    value: list[Any] = []
    for _ in range(times):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ("x" * 63, 0),
        ("x" * 640, 10),
        (2**640, 10),
        (1.5, 0),
        (None, 0),
        (range(5), 5),
        (range(10**18), MAX_STEPS + 1),
        ([], 1),
        ([1, 2, 3], 4),
        (["x" * 64, ("y" * 128,)], 3 + 1 + 2 + 2),
        ({"a": [1], "b" * 64: 2}, 3 + 2 + 1),
        (share_twice(2), 3 + 2 * 3 + 4),
    ],
)
def test_a_value_weighs_what_reading_all_of_it_takes(value: object, steps: int) -> None:
    assert weigh(value) == steps


@pytest.mark.slow
def test_what_is_shared_without_end_is_not_weighed_to_the_end() -> None:
    assert MAX_STEPS < weigh(share_twice(60)) < 2 * MAX_STEPS


def test_a_budget_ends_with_its_last_step() -> None:
    budget = Budget()
    budget.spend(MAX_STEPS)
    budget.spend(0)
    with pytest.raises(Refused, match="1,000,000 steps"):
        budget.spend(1)


@pytest.mark.parametrize("value", ["a", 1, 1.5, True, [], [None, {"a": [True]}], {"k": None}])
def test_what_prints_alike_everywhere_is_printed(value: object) -> None:
    assert text(value) is value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "none cannot be printed"),
        ((1,), "a tuple cannot be printed"),
        ([{"a": (1,)}], "holds a tuple"),
        ({(1,): 2}, "holds a tuple"),
        ("".upper, "a function or method cannot be printed"),
        ((one for one in "a"), "a lazy sequence cannot be printed"),
        (b"a", "a value of the type bytes cannot be printed"),
        ([object()], "holds a value of the type object"),
    ],
)
def test_what_would_hide_a_mistake_is_not_printed(value: object, said: str) -> None:
    with pytest.raises(Refused, match=said) as caught:
        text(value)
    assert caught.value.hint


@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: {"a": [one]}])
def test_an_undefined_name_is_told_by_its_name(wrap: Any) -> None:
    with pytest.raises(UndefinedError, match="who"):
        text(wrap(ENVIRONMENT.undefined(name="who")))


@pytest.mark.parametrize(
    ("value", "words"),
    [(True, "a boolean"), (1, "an integer"), ("", "a string"), (None, "none"), ({}, "an object")],
)
def test_types_have_the_words_of_authors(value: object, words: str) -> None:
    assert describe(value) == words


def test_lengths_and_widths_may_reach_their_limit() -> None:
    limit_length(MAX_CHARACTERS)
    limit_width(MAX_WIDTH, -MAX_WIDTH, "9999", None)
    with pytest.raises(Refused):
        limit_length(MAX_CHARACTERS + 1)
    for width in (MAX_WIDTH + 1, -MAX_WIDTH - 1):
        with pytest.raises(Refused):
            limit_width(1, width)
