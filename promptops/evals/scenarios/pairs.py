"""Combine the values of inputs so that every pair of two inputs' values occurs. Pure."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def combine(counts: Sequence[int], limit: int) -> list[tuple[int, ...]]:
    """Return rows with the index of one value for each input.

    The first row has the first value of each input. Each further row covers as many new pairs of
    values as possible, until all pairs are covered or the limit is reached. Most faults show with
    two values at most (Kuhn, Wallace and Gallo, "Software Fault Interactions and Implications for
    Software Testing", 2004).

    Args:
        counts: the number of values of each input, at least 1.
        limit: the maximum number of rows.
    """
    if not counts or limit < 1:
        return []
    rows = [(0,) * len(counts)]
    if len(counts) == 1:
        return [(value,) for value in range(min(counts[0], limit))]
    open_pairs = {
        (left, i, right, j)
        for left, right in combinations(range(len(counts)), 2)
        for i in range(counts[left])
        for j in range(counts[right])
    }
    open_pairs -= _pairs(rows[0])
    while open_pairs and len(rows) < limit:
        row = _fill(min(open_pairs), counts, open_pairs)
        rows.append(row)
        open_pairs -= _pairs(row)
    return rows


def _fill(
    seed: tuple[int, int, int, int],
    counts: Sequence[int],
    open_pairs: set[tuple[int, int, int, int]],
) -> tuple[int, ...]:
    """Return a row with the pair `seed`, and other values that cover the most open pairs."""
    chosen = {seed[0]: seed[1], seed[2]: seed[3]}
    for place in range(len(counts)):
        if place not in chosen:
            gains = [
                sum(_pair(place, value, *other) in open_pairs for other in chosen.items())
                for value in range(counts[place])
            ]
            chosen[place] = gains.index(max(gains))
    return tuple(chosen[place] for place in range(len(counts)))


def _pair(place: int, value: int, other: int, its: int) -> tuple[int, int, int, int]:
    return (place, value, other, its) if place < other else (other, its, place, value)


def _pairs(row: tuple[int, ...]) -> set[tuple[int, int, int, int]]:
    return {
        (left, row[left], right, row[right]) for left, right in combinations(range(len(row)), 2)
    }
