"""Kappa and the interval of a share, against published tables and SciPy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.statistics import kappa, proportion_interval


def ratings(table: list[list[int]]) -> list[tuple[int, int]]:
    return [
        (i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, table 18.1.
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.6765),
        # The two tables with the same agreement and different margins of Sim and Wright (2005).
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
        ([[20, 5], [10, 15]], 0.4),
    ],
)
def test_published_tables(table: list[list[int]], expected: float) -> None:
    found = kappa(ratings(table))
    assert found.kappa == pytest.approx(expected, abs=5e-5)
    assert found.interval is not None
    assert found.interval.low < expected < found.interval.high


def test_the_standard_error_is_the_published_one_on_many_answers() -> None:
    # Fleiss, Levin and Paik give 0.0877 for 100 answers; with 100 times as many a tenth of it.
    found = kappa(ratings([[7_500, 100, 400], [500, 400, 100], [0, 0, 1_000]]))
    assert found.interval is not None
    width = found.interval.high - found.interval.low
    assert width / 2 / 1.959964 == pytest.approx(0.00877, abs=5e-5)


def test_perfect_agreement_on_few_answers_is_not_certainty() -> None:
    found = kappa([(True, True)] * 10 + [(False, False)] * 10)
    assert found.kappa == 1
    assert found.interval is not None
    assert found.interval.high == 1
    assert found.interval.low < 0.75


@pytest.mark.parametrize("nothing", [[], [(True, True)] * 50])
def test_what_says_nothing_has_no_kappa(nothing: list[tuple[bool, bool]]) -> None:
    found = kappa(nothing)
    assert found.kappa is None
    assert found.interval is None


def test_always_yes_is_no_agreement() -> None:
    found = kappa([(True, True)] * 80 + [(False, True)] * 20)
    assert found.agreed == 0.8
    assert found.kappa == 0


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_kappa_is_within_its_interval(pairs: list[tuple[bool, bool]]) -> None:
    found = kappa(pairs)
    if found.kappa is not None and found.interval is not None:
        assert -1 <= found.interval.low <= found.kappa <= found.interval.high <= 1
        assert found.interval.low < found.interval.high
        assert math.isclose(found.kappa, kappa([(b, a) for a, b in pairs]).kappa or 0, abs_tol=1e-9)


@pytest.mark.parametrize(("hits", "total"), [(0, 20), (1, 20), (10, 20), (19, 20), (20, 20)])
def test_shares_are_clopper_pearson(hits: int, total: int) -> None:
    from scipy import stats  # takes most of a second

    ours = proportion_interval(hits, total)
    theirs = stats.binomtest(hits, total).proportion_ci(method="exact")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
