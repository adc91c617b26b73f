"""The sign-flip test, against enumeration, SciPy and a published example."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.statistics import sign_flip
from promptops.evals.statistics.sign_flip import MAX_ENUMERATED

# Darwin's maize, crossed against self-fertilised, in eighths of an inch.
MAIZE = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)


def enumerate_signs(differences: list[float]) -> float:
    observed = abs(sum(differences))
    sums = [
        abs(sum(map(float.__mul__, signs, map(float, differences))))
        for signs in itertools.product((-1.0, 1.0), repeat=len(differences))
    ]
    return sum(one >= observed - 1e-9 for one in sums) / len(sums)


def test_fishers_own_example() -> None:
    # The Design of Experiments, section 21: 863 of 32,768 sums are as large, on one side.
    assert sign_flip(MAIZE) == pytest.approx(2 * 863 / 32_768, abs=1e-12)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-3, 3), max_size=9), st.sampled_from([1, 2, 3, 5]))
def test_shares_are_exact(steps: list[int], trials: int) -> None:
    differences = [step / trials for step in steps]
    assert sign_flip(differences) == pytest.approx(enumerate_signs(differences), abs=1e-12)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1, 1, allow_subnormal=False), max_size=9))
def test_scores_are_exact_up_to_thirty(differences: list[float]) -> None:
    # Differences that are nearly ties fall on either side of a tie by rounding.
    differences = [round(one, 6) + 0.0 for one in differences]
    assert sign_flip(differences) == pytest.approx(enumerate_signs(differences), abs=1e-12)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 500))
def test_one_trial_is_the_exact_mcnemar_test(losses: int, gains: int, same: int) -> None:
    from scipy import stats  # takes most of a second

    p = sign_flip([-1] * losses + [1] * gains + [0] * same)
    expected = stats.binomtest(losses, losses + gains).pvalue if losses + gains else 1.0
    assert p == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("losses", "gains", "p"), [(6, 0, 0.03125), (5, 0, 0.0625), (59, 6, 0)])
def test_it_takes_six_samples(losses: int, gains: int, p: float) -> None:
    assert sign_flip([-1] * losses + [1] * gains) == pytest.approx(p, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("count", [MAX_ENUMERATED + 1, 60])
def test_the_saddlepoint_is_near_the_truth(count: int, shift: float) -> None:
    chance = random.Random(count)
    steps = [round(1_000 * max(-1, min(1, chance.gauss(shift, 0.2)))) for _ in range(count)]
    # All sums of the thousandths and their chances, one sample after the other.
    chances = {0: 1.0}
    for step in steps:
        grown: defaultdict[int, float] = defaultdict(float)
        for at, weight in chances.items():
            grown[at + step] += weight / 2
            grown[at - step] += weight / 2
        chances = grown
    exact = sum(weight for at, weight in chances.items() if abs(at) >= abs(sum(steps)))
    # A little apart, the same numbers have no common denominator.
    near = sign_flip([step / 1_000 + 1e-8 * i for i, step in enumerate(steps)])
    assert near == pytest.approx(exact, rel=0.02, abs=1e-6)


def test_the_saddlepoint_at_the_end_of_the_range() -> None:
    sizes = [math.sqrt(prime) / 7 for prime in range(2, 42)]
    assert sign_flip(sizes) == 2.0**-39
    assert sign_flip([-sizes[0], *sizes[1:]]) < 1e-9


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=80), st.randoms())
def test_order_and_direction_do_not_matter(steps: list[int], chance: random.Random) -> None:
    differences = [step / 5 for step in steps]
    p = sign_flip(differences)
    assert 0 < p <= 1
    assert sign_flip([-one for one in differences]) == pytest.approx(p)
    chance.shuffle(differences)
    assert sign_flip([*differences, 0.0]) == pytest.approx(p)


@pytest.mark.parametrize("nothing", [[], [0.0], [0] * 1_000, [0.1 + 0.2 - 0.3] * 20])
def test_identical_sides_give_one(nothing: list[float]) -> None:
    assert sign_flip(nothing) == 1.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        sign_flip([0.0, bad])
