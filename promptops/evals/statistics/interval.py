"""The interval of a mean difference between paired samples, and Holm's correction.

One pseudo-sample at +1 and one at -1 are added before Student's interval is made, in the manner of
Agresti and Min (2005) for paired shares. Without them the interval is far too narrow where few
samples differ, and has no width where none does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.evals.statistics.distributions import t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
_PSEUDO_SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of a difference.

    Attributes:
        low: the lower bound, at least -1.
        high: the upper bound, at most 1.
        confidence: the share of suites in which such an interval holds the true difference.
    """

    low: float
    high: float
    confidence: float = CONFIDENCE

    def holds(self, value: float) -> bool:
        """Return whether the value is not outside."""
        return self.low <= value <= self.high


def difference_interval(
    differences: Sequence[float], p: float, *, confidence: float = CONFIDENCE, level: float = 0.05
) -> Interval:
    """Return the interval of the mean of `differences`, each in [-1, 1].

    Args:
        differences: a difference of means for each sample, two or more of them.
        p: what the sign-flip test says of the same differences, corrected where several slices
            are tested.
        confidence: how sure the interval is to be.
        level: up to which `p` the test finds a difference; above it, the interval is stretched to
            hold 0, so that test and interval never contradict one another.
    """
    total = math.fsum(differences)
    squares = math.fsum(one * one for one in differences)
    return interval_of_sums(len(differences), total, squares, p, confidence=confidence, level=level)


def interval_of_sums(
    samples: int,
    total: float,
    squares: float,
    p: float,
    *,
    confidence: float = CONFIDENCE,
    level: float = 0.05,
) -> Interval:
    """Return the interval of `difference_interval` from the sum and the sum of squares."""
    if samples < 2:
        return Interval(-1.0, 1.0, confidence)
    count = samples + _PSEUDO_SAMPLES
    mean = total / count
    variance = (squares + _PSEUDO_SAMPLES - count * mean * mean) / (count - 1)
    half = t_quantile((1 + confidence) / 2, samples - 1) * math.sqrt(variance / count)
    low, high = max(-1.0, mean - half), min(1.0, mean + half)
    if p > level:
        low, high = min(low, 0.0), max(high, 0.0)
    return Interval(low, high, confidence)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values corrected for their number, in the same order (Holm, 1979).

    Saying "different" of those at most 0.05 errs in any of them in at most 5 % of suites.
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
