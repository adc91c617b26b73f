"""What items say of many names and prompts."""

from __future__ import annotations

import pytest

from promptops.readiness.item import (
    Evidence,
    ReadinessOutcome,
    each_prompt,
    met,
    missing,
    name_some,
    unseen,
)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a"], "a"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
        (["a"] * 1_203, "a, a, a and 1,200 more"),
    ],
)
def test_a_few_names_stand_for_all(names: list[str], said: str) -> None:
    assert name_some(names) == said


def test_one_prompt_is_not_counted() -> None:
    assert [each_prompt(count) for count in (1, 2)] == ["the only prompt", "each of 2 prompts"]


@pytest.mark.parametrize(
    ("found", "is_good"),
    [
        (met("x"), True),
        (missing("x", "y"), False),
        (unseen("x", "y"), False),
        (Evidence(ReadinessOutcome.ATTESTED, "x"), True),
    ],
)
def test_nothing_is_left_to_do_once_it_is_seen_or_attested(found: Evidence, is_good: bool) -> None:
    assert found.outcome.is_good is is_good
