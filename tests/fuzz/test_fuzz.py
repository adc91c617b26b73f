"""A short run of the fuzzer; the long one is `nox -s fuzz -- --executions 1000000`."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.inputs import HEADS, LARGE, make_large, make_small
from tests.fuzz.targets import TARGETS, try_prompt

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.story
@pytest.mark.parametrize("target", TARGETS)
def test_hostile_files_raise_nothing(target: Callable[[bytes], None]) -> None:
    random = Random(target.__name__)
    for _ in range(150):
        target(make_small(random))


@pytest.mark.parametrize("seed", range(4))
def test_large_hostile_files_raise_nothing(seed: int) -> None:
    try_prompt(make_large(Random(seed)))


@pytest.mark.story
@pytest.mark.parametrize("unit", ["{#\ufeff"])
def test_files_that_once_took_minutes(unit: str) -> None:
    try_prompt(f"{HEADS[1]}x{unit * (LARGE // len(unit))}".encode())
