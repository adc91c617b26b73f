"""Combinations: every two values meet, in few rows, and always the same ones."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.scenarios.pairs import combine

COUNTS = st.lists(st.integers(1, 6), min_size=1, max_size=5)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(COUNTS)
def test_every_two_values_meet(counts: list[int]) -> None:
    rows = combine(counts, 10_000)

    assert rows[0] == (0,) * len(counts)
    assert len(set(rows)) == len(rows)
    for left, right in combinations(range(len(counts)), 2):
        met = {(row[left], row[right]) for row in rows}
        assert len(met) == counts[left] * counts[right]
    assert {row[0] for row in rows} == set(range(counts[0]))


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(COUNTS, st.integers(0, 5))
def test_there_are_never_more_rows_than_allowed(counts: list[int], limit: int) -> None:
    rows = combine(counts, limit)

    assert len(rows) <= limit
    assert rows == combine(counts, 10_000)[: len(rows)]


def test_few_rows_hold_all_pairs() -> None:
    # All combinations would be 3 ** 6 = 729.
    assert len(combine([3] * 6, 10_000)) <= 24
    assert combine([], 10) == []
