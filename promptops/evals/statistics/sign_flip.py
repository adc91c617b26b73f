"""The sign-flip test: are the differences of paired samples more one-sided than by chance?

If both sides are equal, a sample's difference is as likely to be +d as -d. The p value is the share
of all 2^m assignments of signs whose sum is at least as far from 0 as the observed one (Fisher, The
Design of Experiments, 1935, section 21). With one trial a sample it is the exact McNemar test.

It is computed in one of three ways:

* Differences of shares lie on a lattice (thirds, with three trials). The sum's distribution is
  then a finite Fourier sum, exact for any number of samples.
* Up to 30 other differences: all sums of each half, matched against each other.
* More: the saddlepoint approximation of Lugannani and Rice (1980).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from promptops.runtime.log.distributions import normal_probability

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_ENUMERATED = 30
_MAX_DENOMINATOR = 1_000
_MAX_WORK = 1 << 18
# Smaller factors are negligible in a sum of terms around 1.
_NOTHING = 1e-20
# Numbers closer than this are equal except for rounding.
_TOLERANCE = 1e-9


def sign_flip(differences: Sequence[float]) -> float:
    """Return the two-sided p value of the sign-flip test; 1.0 if nothing differs.

    Args:
        differences: the difference of means for each sample, change minus baseline.

    Raises ValueError for a difference that is not finite.
    """
    if not all(map(math.isfinite, differences)):
        raise ValueError("a difference is not a finite number")
    sizes = [abs(one) for one in differences if abs(one) > _TOLERANCE]
    total = abs(math.fsum(differences))
    if not sizes or total <= _TOLERANCE:
        return 1.0
    denominator, steps = _find_lattice(sizes)
    if steps:
        p = _lattice_tail(steps, round(total * denominator))
    elif len(sizes) <= MAX_ENUMERATED:
        p = _enumerated_tail(sizes, total)
    else:
        p = _saddlepoint_tail(sizes, total)
    # The smallest possible share: the two assignments with equal signs.
    return min(1.0, max(2 * p, math.ldexp(1.0, 1 - len(sizes))))


def _find_lattice(sizes: Sequence[float]) -> tuple[int, Counter[int]]:
    """Return the smallest factor that makes all sizes integers, and the count of each integer.

    The counts are empty if there is no factor, or if the lattice is too fine for the sum; then the
    approximation is accurate enough.
    """
    for denominator in range(1, _MAX_DENOMINATOR + 1):
        near = _TOLERANCE * denominator
        if all(abs(size * denominator - round(size * denominator)) <= near for size in sizes):
            steps = Counter(round(size * denominator) for size in sizes)
            is_fine = len(steps) * sum(map(int.__mul__, steps, steps.values())) > _MAX_WORK
            return denominator, Counter() if is_fine else steps
    return 0, Counter()


def _lattice_tail(steps: Mapping[int, int], total: int) -> float:
    """Return P(sum >= total) for the sum of `steps[a]` random terms +a or -a, for each `a`.

    All sums have the parity of the largest sum. In units of two, the distribution is the inverse
    Fourier transform of prod cos(a t)^count at the points t = pi j / points.
    """
    if len(steps) == 1:
        ((size, count),) = steps.items()
        return binomial_tail(count, (total + count * size) // (2 * size))
    largest = sum(size * count for size, count in steps.items())
    points = largest + 1
    inside = (total + largest) // 2 - (largest - total) // 2 - 1
    # P(|sum| < total) over the inner lattice is a sum of cosines, in closed form: `inside` terms
    # symmetric around 0, two apart.
    weight = float(inside)
    items = tuple(steps.items())
    for j in range(1, (points + 1) // 2):
        angle = math.pi * j / points
        value = 1.0
        for size, count in items:
            value *= math.cos(size * angle) ** count
            if abs(value) < _NOTHING:
                break
        else:
            weight += 2 * value * math.sin(inside * angle) / math.sin(angle)
    if points % 2 == 0:
        # The angle is pi / 2: cosines are 0 for odd steps, 1 or -1 for even ones.
        value = 1.0
        for size, count in items:
            value *= 0.0 if size % 2 else (-1.0 if size % 4 else 1.0) ** count
        weight += value * math.sin(inside * math.pi / 2)
    return max(0.0, 1 - weight / points) / 2


def binomial_tail(count: int, least: int) -> float:
    """Return P(X >= least) for X the heads among `count` fair coins."""
    if least > count:
        return 0.0
    term = math.comb(count, least)
    heads = 0
    for number in range(least, count + 1):
        heads += term
        term = term * (count - number) // (number + 1)
    return heads / (1 << count)


def _enumerated_tail(sizes: Sequence[float], total: float) -> float:
    half = len(sizes) // 2
    left, right = _sums(sizes[:half]), _sums(sizes[half:])
    near = total - _TOLERANCE * max(1.0, total)
    hits = sum(len(right) - bisect_left(right, near - one) for one in left)
    return hits / (len(left) * len(right))


def _sums(sizes: Sequence[float]) -> list[float]:
    sums = [0.0]
    for size in sizes:
        sums = sorted([one - size for one in sums] + [one + size for one in sums])
    return sums


def _saddlepoint_tail(sizes: Sequence[float], total: float) -> float:
    """Return P(sum >= total), total > 0, by the formula of Lugannani and Rice."""
    largest = math.fsum(sizes)
    if total >= largest * (1 - _TOLERANCE):
        return math.ldexp(1.0, -len(sizes))
    variance = math.fsum(size * size for size in sizes)
    saddle = total / variance
    low, high = 0.0, math.inf
    for _ in range(100):
        tanhs = [math.tanh(size * saddle) for size in sizes]
        error = math.fsum(map(float.__mul__, sizes, tanhs)) - total
        if abs(error) <= 1e-12 * largest:
            break
        low, high = (saddle, high) if error < 0 else (low, saddle)
        slope = math.fsum(
            size * size * (1 - tanh * tanh) for size, tanh in zip(sizes, tanhs, strict=True)
        )
        guess = saddle - error / slope if slope > 0 else math.inf
        if not low < guess < high:
            guess = 2 * saddle if high == math.inf else (low + high) / 2
        saddle = guess
    # log cosh(x) = x + log1p(exp(-2x)) - log 2, which does not overflow.
    cumulant = math.fsum(
        size * saddle + math.log1p(math.exp(-2 * size * saddle)) - math.log(2) for size in sizes
    )
    slope = math.fsum(size * size * (1 - math.tanh(size * saddle) ** 2) for size in sizes)
    signed_root = math.sqrt(max(0.0, 2 * (saddle * total - cumulant)))
    scaled = saddle * math.sqrt(slope)
    if signed_root < 1e-4 or scaled < 1e-4:
        return 1 - normal_probability(total / math.sqrt(variance))
    density = math.exp(-signed_root * signed_root / 2) / math.sqrt(2 * math.pi)
    return max(
        0.0,
        1 - normal_probability(signed_root) + density * (1 / scaled - 1 / signed_root),
    )
