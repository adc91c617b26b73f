"""Power: what a suite is said to notice is what it notices."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.statistics import (
    Design,
    detectable_drop,
    difference_interval,
    power,
    samples_needed,
    sign_flip,
)
from promptops.evals.statistics.power import MAX_EXACT, difference_chances


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.floats(0.05, 0.99), st.floats(0, 1), st.integers(1, 6), st.sampled_from([0, 0.2, 0.9, 1]))
def test_chances_are_a_distribution(rate: float, part: float, trials: int, rho: float) -> None:
    design = Design(rate, rate * part, trials, rho)
    chances = difference_chances(design)
    assert sum(chances) == pytest.approx(1)
    assert min(chances) >= 0
    mean = sum((i - trials) / trials * chance for i, chance in enumerate(chances))
    assert mean == pytest.approx(-design.drop, abs=1e-6)


def test_equally_hard_samples_are_binomial() -> None:
    assert difference_chances(Design(0.5, 0.0, 1, 0.0)) == pytest.approx([0.25, 0.5, 0.25])
    # With a correlation of 1 a sample that passed can only be lost by the change.
    assert difference_chances(Design(0.5, 0.1, 1, 1.0)) == pytest.approx([0.1, 0.9, 0], abs=1e-6)


def simulate(samples: int, design: Design, suites: int) -> float:
    """Draw difficulties and trials as they are described, and ask for the verdict."""
    chance = random.Random(7)
    spread = (1 - design.intraclass) / design.intraclass
    kept = 1 - design.drop / design.rate
    worse = 0
    for _ in range(suites):
        values = []
        for _ in range(samples):
            rate = chance.betavariate(design.rate * spread, (1 - design.rate) * spread)
            before = sum(chance.random() < rate for _ in range(design.trials))
            after = sum(chance.random() < rate * kept for _ in range(design.trials))
            values.append((after - before) / design.trials)
        p = sign_flip(values)
        worse += p <= 0.05 and difference_interval(values, p).high < 0
    return worse / suites


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samples", "design"),
    [
        (20, Design(0.8, 0.2, 1, 0.5)),
        (20, Design(0.8, 0.2, 3, 0.5)),
        (50, Design(0.5, 0.1, 3, 0.9)),
    ],
)
def test_power_is_what_a_simulation_finds(samples: int, design: Design) -> None:
    stated = power(samples, design)
    # 2.5 points, and three standard errors of 1,000 suites.
    assert simulate(samples, design, 1_000) == pytest.approx(stated, abs=0.025 + 0.047)


@pytest.mark.parametrize("drop", [0.02, 0.05, 0.1])
def test_the_sum_is_continued_by_its_expansion(drop: float) -> None:
    design = Design(0.8, drop, 1, 0.5)
    exact, near = (power(samples, design) for samples in (MAX_EXACT, MAX_EXACT + 1))
    assert exact == pytest.approx(near, abs=0.025)


def test_more_of_anything_is_more_power() -> None:
    def at(samples: int = 60, drop: float = 0.1, trials: int = 1) -> float:
        return power(samples, Design(0.8, drop, trials, 0.5))

    assert at(5) == 0
    assert at() < at(200) < at(1_000)
    assert at() < at(drop=0.2) < at(drop=0.4)
    assert at() < at(trials=3)


@pytest.mark.slow
@pytest.mark.parametrize("trials", [1, 3])
def test_a_plan_finds_what_it_was_made_for(trials: int) -> None:
    design = Design(0.8, 0.1, trials, 0.5)
    needed = samples_needed(design)
    assert needed is not None
    assert power(needed, design) >= 0.8
    assert power(needed * 3 // 4, design) < 0.75
    drop = detectable_drop(needed, design)
    assert drop == pytest.approx(0.1, abs=0.01)


@pytest.mark.slow
def test_what_cannot_be_seen() -> None:
    assert samples_needed(Design(0.8, 0.0)) is None
    assert detectable_drop(6, Design(0.5, 0.0)) is None
