"""Hostile patterns: the time that they take grows with their length and no faster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from promptops.forge.codeowners import (
    Dialect,
    parse_owners,
)
from promptops.forge.codeowners.glob import ElementRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


# Hostile patterns: what is counted is lines of the matcher, not time


def count_steps(action: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if "owners" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


HOSTILE = {
    "stars in a name": lambda size: ("a*" * size + "b", "a" * size * 2),
    "stars and questions": lambda size: ("*?" * size + "b", "a" * size * 4),
    "a long run that fails at its end": lambda size: (
        "*" + "a?" * (size // 2) + "b*",
        "a" * size * 2,
    ),
    "two stars in a path": lambda size: ("**/a/" * size + "b", "a/" * size * 2 + "c"),
    "a long run of folders": lambda size: (
        "**/" + "a/" * size + "b/**/c",
        "a/" * size * 2 + "c",
    ),
    "stars in folders": lambda size: ("**/a*a/" * size + "b", "aa/" * size * 2 + "c"),
    "classes": lambda size: ("x[!" + "ab" * size + "]*" * 9 + "b", "c" * size * 2),
    "open brackets": lambda size: ("x" + "[" * size, "a" * size),
    "backslashes": lambda size: ("\\" * size * 2, "\\" * size),
}


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("shape", HOSTILE.values(), ids=HOSTILE)
def test_hostile_patterns_take_steps_in_proportion_to_their_length(
    shape: Callable[[int], tuple[str, str]], dialect: Dialect
) -> None:
    def steps(size: int) -> int:
        pattern, path = shape(size)
        return count_steps(lambda: parse_owners(f"{pattern} @x", dialect).match(path))

    small, large = steps(50), steps(400)
    assert large < 9 * small + 400
    assert large < 20 * sum(map(len, shape(400)))


def test_a_run_tests_each_different_item_once() -> None:
    asked = []

    def test(item: str) -> bool:
        asked.append(item)
        return item != "z"

    run = ElementRun([test] * 40 + ["b"])
    assert run.find(["a", "z"] * 100 + ["a"] * 60 + ["b"], 0, 261) == 261
    assert asked == ["a", "z", "b"]
