"""The normal, Student's t and the beta distribution, from the standard library.

Quantiles are found by bisection, which cannot diverge. The incomplete beta function is Lentz's
continued fraction (Numerical Recipes, section 6.4).
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statistics import NormalDist

_TINY = 1e-300

_MAX_TERMS = 10_000
# Enough halvings of [0, 1] to reach the last bit of a double.
_HALVINGS = 200


def normal_quantile(probability: float) -> float:
    """Return the value below which a standard normal variable falls with this probability."""
    return _normal().inv_cdf(probability)


def normal_probability(value: float) -> float:
    """Return the probability that a standard normal variable is at most `value`."""
    return _normal().cdf(value)


@cache
def _normal() -> NormalDist:
    from statistics import NormalDist  # imported on use: takes 7 ms, and most evals do not need it

    return NormalDist()


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the value below which a beta variable falls with this probability."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if beta_probability(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@lru_cache(maxsize=1024)
def t_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's t distribution with `degrees` degrees of freedom.

    With x = degrees / (degrees + t^2), both tails together are I_x(degrees / 2, 1 / 2).
    """
    if probability == 0.5:
        return 0.0
    tail = min(probability, 1 - probability)
    x = beta_quantile(2 * tail, degrees / 2, 0.5)
    # 1 - x loses precision if x is close to 1; the mirrored quantile does not.
    rest = 1 - x if x < 0.9 else beta_quantile(1 - 2 * tail, 0.5, degrees / 2)
    size = math.sqrt(degrees * rest / max(x, 1e-300))
    return size if probability > tail else -size


def t_probability(value: float, degrees: float) -> float:
    """Return the probability that Student's t is at most `value`, which is not negative."""
    return 1 - beta_probability(degrees / (degrees + value * value), degrees / 2, 0.5) / 2


def beta_probability(value: float, a: float, b: float) -> float:
    """Return the probability that a beta variable is at most `value`: the regularised I_x(a, b)."""
    if value <= 0:
        return 0.0
    if value >= 1:
        return 1.0
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(value)
        + b * math.log1p(-value)
    )
    front = math.exp(log_front)
    # The fraction converges fast below the mean; above it, take the other tail.
    if value < (a + 1) / (a + b + 2):
        return front * _continued_fraction(value, a, b) / a
    return 1.0 - front * _continued_fraction(1 - value, b, a) / b


def _continued_fraction(value: float, a: float, b: float) -> float:
    c = 1.0
    d = 1 / _avoid_zero(1 - (a + b) * value / (a + 1))
    fraction = d
    for term in range(1, _MAX_TERMS):
        twice = a + 2 * term
        for numerator in (
            term * (b - term) * value / ((twice - 1) * twice),
            -(a + term) * (a + b + term) * value / (twice * (twice + 1)),
        ):
            d = 1 / _avoid_zero(1 + numerator * d)
            c = _avoid_zero(1 + numerator / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return fraction


def _avoid_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
