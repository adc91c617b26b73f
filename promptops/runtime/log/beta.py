"""The regularised incomplete beta function, from which other distributions are computed.

By Lentz's continued fraction (Numerical Recipes, section 6.4).
"""

from __future__ import annotations

import math

_TINY = 1e-300

_MAX_TERMS = 10_000


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
