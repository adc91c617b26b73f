"""The tests of two samples, held to scipy."""

from __future__ import annotations

import random

import pytest

from promptops.runtime.drift.comparing import (
    compare_numbers,
    compare_shares,
    compare_value,
    count_above,
    gamma_above,
)


@pytest.mark.story
def test_distributions_of_numbers_are_compared_as_scipy_does() -> None:
    stats = pytest.importorskip("scipy.stats")
    chance = random.Random(1)
    for shift in (0.0, 0.2, 0.5, 1.0):
        left = [round(chance.gauss(shift, 1), 1) for _ in range(200)]
        right = [round(chance.gauss(0, 1), 1) for _ in range(300)]
        ours = compare_numbers(left, right)
        theirs = stats.ks_2samp(left, right, method="asymp")
        assert ours.effect == pytest.approx(theirs.statistic)
        assert ours.p == pytest.approx(theirs.pvalue, rel=0.3, abs=0.02)


def test_shares_are_compared_as_scipy_does() -> None:
    stats = pytest.importorskip("scipy.stats")
    left, right = {"a": 60, "b": 30, "c": 10}, {"a": 80, "b": 10, "c": 10}
    theirs = stats.chi2_contingency([[60, 30, 10], [80, 10, 10]], correction=False)
    found = compare_shares(left, right)
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.effect == pytest.approx(0.2)


@pytest.mark.parametrize(("a", "x"), [(0.5, 0.1), (1, 3), (2.5, 9), (10, 4), (10, 40), (3, 0)])
def test_the_incomplete_gamma_function(a: float, x: float) -> None:
    special = pytest.importorskip("scipy.special")
    assert gamma_above(a, x) == pytest.approx(special.gammaincc(a, x), rel=1e-9)


def test_counts_and_new_values() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert count_above(7, 50, 0.04) == pytest.approx(stats.binom.sf(6, 50, 0.04))
    earlier = [10.0, 11, 9, 10.5, 9.5, 10]
    t = (14 - 10) / (stats.tstd(earlier) * (1 + 1 / 6) ** 0.5)
    assert compare_value(14, earlier, 0) == pytest.approx(stats.t.sf(t, 5))
    assert compare_value(9, earlier, 0) == 1
    # Values that never varied say nothing of how far a new one may be.
    assert compare_value(10.5, [10.0] * 6, 1.0) > 0.1


def test_nothing_on_one_side_is_no_difference() -> None:
    assert compare_numbers([], [1]).p == 1
    assert compare_shares({}, {"a": 1}).p == 1
    assert compare_shares({"a": 9}, {"a": 9}).p == 1
    assert compare_shares({"a": 1, "b": 1}, {"a": 2}).p == 1
    assert count_above(0, 9, 0) == 1
    assert count_above(1, 9, 0) == 0
