"""Compare two samples by tests with a probability and an effect size. Pure.

Sources: Kolmogorov and Smirnov as in Numerical Recipes (3rd ed., 14.3.3), Pearson's chi-squared
test, the incomplete gamma function by its series and continued fraction (DLMF 8.11.4, 8.9.2).
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from promptops.runtime.log.distributions import beta_probability, t_probability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The minimum expected count of a class for Pearson's approximation.
_MIN_EXPECTED = 5.0
_OTHERS = "\0others"


class DriftTest(NamedTuple):
    """The result of a test.

    Attributes:
        p: the probability of such a difference, or a greater one, by chance.
        effect: the size of the difference, from 0 to 1 unless the test says otherwise.
    """

    p: float
    effect: float


def compare_numbers(recent: Sequence[float], reference: Sequence[float]) -> DriftTest:
    """Compare distributions of numbers; the effect is the greatest gap between them (KS)."""
    if not recent or not reference:
        return DriftTest(1.0, 0.0)
    left, right = sorted(recent), sorted(reference)
    n, m = len(left), len(right)
    i = j = 0
    gap = 0.0
    while i < n and j < m:
        value = min(left[i], right[j])
        while i < n and left[i] == value:
            i += 1
        while j < m and right[j] == value:
            j += 1
        gap = max(gap, abs(i / n - j / m))
    size = math.sqrt(n * m / (n + m))
    return DriftTest(_kolmogorov((size + 0.12 + 0.11 / size) * gap), gap)


def compare_shares(recent: Mapping[str, int], reference: Mapping[str, int]) -> DriftTest:
    """Compare counts of classes; the effect is half the sum of differences of shares.

    Classes with few expected members are merged.
    """
    n, m = sum(recent.values()), sum(reference.values())
    if not n or not m:
        return DriftTest(1.0, 0.0)
    left: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for name in recent.keys() | reference.keys():
        both = recent.get(name, 0) + reference.get(name, 0)
        is_rare = both * min(n, m) / (n + m) < _MIN_EXPECTED
        left[_OTHERS if is_rare else name] += recent.get(name, 0)
        right[_OTHERS if is_rare else name] += reference.get(name, 0)
    effect = sum(abs(left[one] / n - right[one] / m) for one in left.keys() | right.keys()) / 2
    chi, classes = 0.0, 0
    for name in left.keys() | right.keys():
        both = left[name] + right[name]
        if both * min(n, m) / (n + m) < _MIN_EXPECTED:
            # Too few even together: ignore them.
            continue
        classes += 1
        for found, size in ((left[name], n), (right[name], m)):
            expected = both * size / (n + m)
            chi += (found - expected) ** 2 / expected
    if classes < 2:
        return DriftTest(1.0, effect)
    return DriftTest(gamma_above((classes - 1) / 2, chi / 2), effect)


def count_above(count: int, trials: int, share: float) -> float:
    """Return the probability of at least `count` successes in the trials."""
    if count <= 0:
        return 1.0
    if share <= 0:
        return 0.0
    return beta_probability(min(1.0, share), count, trials - count + 1)


def compare_value(value: float, earlier: Sequence[float], floor: float) -> float:
    """Return the probability of a value so far above earlier ones, by Student's t.

    Args:
        value: the new value.
        earlier: the earlier values.
        floor: the minimum assumed standard deviation.
    """
    n = len(earlier)
    mean = sum(earlier) / n
    variance = sum((one - mean) ** 2 for one in earlier) / (n - 1)
    deviation = max(math.sqrt(variance), floor, 1e-12)
    t = (value - mean) / (deviation * math.sqrt(1 + 1 / n))
    return 1 - t_probability(t, n - 1) if t > 0 else 1.0


def gamma_above(a: float, x: float) -> float:
    """Return the upper regularised incomplete gamma function."""
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for step in range(1, 10_000):
            term *= x / (a + step)
            total += term
            if term < total * 1e-15:
                break
        return max(0.0, 1 - front * total)
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    value = d
    for step in range(1, 10_000):
        term = -step * (step - a)
        b += 2
        d = 1 / (term * d + b or tiny)
        c = b + term / c or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return front * value


def _kolmogorov(value: float) -> float:
    if value < 0.2:
        return 1.0
    total, sign = 0.0, 1.0
    for step in range(1, 101):
        term = sign * math.exp(-2 * (step * value) ** 2)
        total += term
        if abs(term) < 1e-16:
            break
        sign = -sign
    return min(1.0, max(0.0, 2 * total))
