"""Quantiles, against printed tables and SciPy."""

from __future__ import annotations

import pytest

from promptops.runtime.log.distributions import beta_probability, beta_quantile, t_quantile


@pytest.mark.parametrize(
    ("degrees", "printed"),
    # Fisher and Yates, Statistical Tables, table III: two-sided 5 %.
    [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (19, 2.093), (30, 2.042), (120, 1.980)],
)
def test_student_t_is_as_printed(degrees: int, printed: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(printed, abs=5e-4)


@pytest.mark.story
@pytest.mark.parametrize("degrees", [1, 2, 3, 7, 19, 49, 199, 9_999, 1_000_000])
@pytest.mark.parametrize("probability", [0.001, 0.2, 0.5, 0.501, 0.9, 0.975, 0.9975, 0.99999])
def test_student_t_is_that_of_scipy(degrees: int, probability: float) -> None:
    from scipy import stats  # takes most of a second

    ours = t_quantile(probability, degrees)
    assert ours == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 20), (20, 1), (3.5, 80), (5_000, 0.5)])
@pytest.mark.parametrize("value", [0, 1e-9, 0.01, 0.3, 0.5, 0.9, 0.9999, 1])
def test_the_incomplete_beta_function_is_that_of_scipy(a: float, b: float, value: float) -> None:
    from scipy import stats  # takes most of a second

    ours = beta_probability(value, a, b)
    assert ours == pytest.approx(stats.beta.cdf(value, a, b), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("probability", [0.001, 0.025, 0.5, 0.975])
@pytest.mark.parametrize(("a", "b"), [(1, 20), (20, 1), (3, 8), (950, 51)])
def test_beta_quantiles_are_those_of_scipy(probability: float, a: float, b: float) -> None:
    from scipy import stats  # takes most of a second

    ours = beta_quantile(probability, a, b)
    assert ours == pytest.approx(stats.beta.ppf(probability, a, b), rel=1e-9)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (1, 12.7062047),
        (2, 4.3026527),
        (5, 2.5705818),
        (10, 2.2281389),
        (30, 2.0422725),
        (1000, 1.9623391),
        (2.5, 3.5746548),
        (1e7, 1.9599642),
    ],
)
def test_student_t_takes_a_fraction_of_a_degree(degrees: float, expected: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(expected, rel=1e-6)
