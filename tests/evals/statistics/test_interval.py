"""The interval of a mean difference: what it promises, and Holm's correction."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.statistics import Interval, difference_interval, holm, sign_flip

differences = st.integers(1, 5).flatmap(
    lambda trials: st.lists(
        st.integers(-trials, trials).map(lambda step: step / trials), min_size=2, max_size=60
    )
)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(differences)
def test_test_and_interval_agree(values: list[float]) -> None:
    p = sign_flip(values)
    interval = difference_interval(values, p)
    mean = sum(values) / len(values)
    assert -1 <= interval.low < interval.high <= 1
    assert interval.holds(round(mean, 12)) or abs(mean) == 1
    if p > 0.05:
        assert interval.holds(0)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(differences)
def test_both_directions_are_mirrored(values: list[float]) -> None:
    p = sign_flip(values)
    one, other = difference_interval(values, p), difference_interval([-v for v in values], p)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(differences)
def test_more_confidence_is_wider(values: list[float]) -> None:
    usual = difference_interval(values, 0.01)
    surer = difference_interval(values, 0.01, confidence=0.99)
    assert surer.low <= usual.low
    assert surer.high >= usual.high


@pytest.mark.parametrize(("samples", "points"), [(20, 13.8), (50, 5.5), (200, 1.4)])
def test_nothing_differs_is_not_certainty(samples: int, points: float) -> None:
    interval = difference_interval([0.0] * samples, 1.0)
    assert 100 * interval.high == pytest.approx(points, abs=0.05)
    assert interval.low == -interval.high


def test_one_sample_says_nothing() -> None:
    assert difference_interval([0.0], 1.0) == Interval(-1, 1)


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.6], [1.0, 1.0]),
        # Holm's own example has four hypotheses at these levels.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
    ],
)
def test_holm(p_values: list[float], corrected: list[float]) -> None:
    assert holm(p_values) == pytest.approx(corrected)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_makes_smaller_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, corrected, strict=True))
    ordered = [corrected[i] for i in sorted(range(len(p_values)), key=p_values.__getitem__)]
    assert ordered == sorted(ordered)


@pytest.mark.slow
@pytest.mark.parametrize("drop", [0.0, 0.05, 0.2])
@pytest.mark.parametrize(("samples", "trials"), [(20, 1), (20, 3), (50, 5)])
def test_the_interval_holds_the_truth(samples: int, trials: int, drop: float) -> None:
    """A small simulation; the full one is `benchmarks/verdicts.py`."""
    chance = random.Random(f"{samples} {trials} {drop}")
    held = wrong = 0
    suites = 600
    for _ in range(suites):
        values = []
        for _ in range(samples):
            rate = chance.betavariate(4, 1)
            before = sum(chance.random() < rate for _ in range(trials))
            after = sum(chance.random() < rate * (1 - drop / 0.8) for _ in range(trials))
            values.append((after - before) / trials)
        p = sign_flip(values)
        interval = difference_interval(values, p)
        held += interval.holds(-drop)
        wrong += p <= 0.05 and interval.high < 0
    # Three standard errors of 600 suites below 94 %, and above 2.5 %.
    assert held / suites >= 0.91
    if not drop:
        assert wrong / suites <= 0.045
