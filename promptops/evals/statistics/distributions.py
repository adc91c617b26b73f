"""Quantiles of the normal, Student's t and the beta distribution, from the standard library.

Quantiles are found by bisection, which cannot diverge.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from promptops.runtime.log.beta import beta_probability

if TYPE_CHECKING:
    from statistics import NormalDist

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
def t_quantile(probability: float, degrees: int) -> float:
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
