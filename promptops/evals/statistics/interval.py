"""Confidence intervals of mean differences between paired samples, and Holm's correction.

Student's interval is computed with two pseudo-samples, at +1 and -1, as Agresti and Min (2005) do
for paired shares. Without them the interval is far too narrow if few samples differ, and has no
width if none differs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.runtime.log.distributions import t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
_PSEUDO_SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Interval:
    """The confidence interval of a difference.

    Attributes:
        low: the lower bound, at least -1.
        high: the upper bound, at most 1.
        confidence: the share of suites whose interval contains the true difference.
    """

    low: float
    high: float
    confidence: float = CONFIDENCE

    def holds(self, value: float) -> bool:
        """Return whether the interval contains a value."""
        return self.low <= value <= self.high


def difference_interval(
    differences: Sequence[float], p: float, *, confidence: float = CONFIDENCE, level: float = 0.05
) -> Interval:
    """Return the confidence interval of the mean of `differences`, each in [-1, 1].

    Args:
        differences: the difference of means for each sample, at least two.
        p: the p value of the sign-flip test for these differences, corrected if several slices are
            tested.
        confidence: the confidence level of the interval.
        level: the significance level of the test. If `p` is larger, the interval is extended to
            contain 0, so that test and interval never contradict each other.
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
    """Return the same interval as `difference_interval`, from the sum and the sum of squares."""
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

    If corrected values up to 0.05 count as differences, at most 5 % of suites have any false one.
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
