"""Statistics of runs: shares, means and differences, with runs clustered by key.

Pure functions. Runs of one key (a user or a conversation) are similar, so the unit is the key:
variances are those of sums by key, and the degrees of freedom of Student's t depend on the number
of keys (Welch and Satterthwaite), not of runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.runtime.log.distributions import t_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# With fewer keys on a side, nothing is concluded.
MIN_CLUSTERS = 6


@dataclass(frozen=True, slots=True)
class RunGroup:
    """The statistics of one group of runs.

    Attributes:
        by: dimension -> value, in the requested order.
        runs: the number of runs.
        statuses: status -> number of runs.
        stages: stage -> number of errors and refusals.
        cost_micros: the sum of known costs, in micro-dollars.
        unpriced: the number of ended runs with unknown cost.
        input_tokens: the sum of known input tokens.
        output_tokens: the sum of known output tokens.
        cached: the number of runs answered from the cache.
        p50_ms: the median duration of ended runs, in milliseconds; None without any.
        p95_ms: the 95th percentile of their durations.
        is_exact: whether the percentiles are exact; those from a histogram have a relative error up
            to `histogram.ERROR`.
    """

    by: Mapping[str, str | None]
    runs: int
    statuses: Mapping[str, int]
    stages: Mapping[str, int]
    cost_micros: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cached: int
    p50_ms: float | None
    p95_ms: float | None
    is_exact: bool

    @property
    def errors(self) -> int:
        """The number of failed or interrupted runs; a refusal is not an error."""
        return self.statuses.get("failed", 0) + self.statuses.get("interrupted", 0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over runs.

    Attributes:
        mean: the mean; None without runs.
        runs: the number of runs.
        clusters: the number of keys.
    """

    mean: float | None
    runs: int
    clusters: int


@dataclass(frozen=True, slots=True)
class RunDifference:
    """The difference of two groups in one measure.

    Attributes:
        measure: `feedback`, `errors`, `cost` or `latency`.
        unit: its unit.
        left: the first group.
        right: the second group.
        difference: right minus left; None if a side is empty.
        low: the lower bound of the 95 % interval; None with fewer keys than MIN_CLUSTERS on a side.
        high: its upper bound.
        verdict: `higher`, `lower`, `no difference found` or `too few keys`.
    """

    measure: str
    unit: str
    left: Estimate
    right: Estimate
    difference: float | None
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class RunComparison:
    """The comparison of two versions of a prompt.

    Attributes:
        left: the first version's runs.
        right: the second version's runs.
        differences: the difference in each measure.
        unkeyed: the number of runs without a key, each of which counts as a key.
    """

    left: RunGroup
    right: RunGroup
    differences: tuple[RunDifference, ...]
    unkeyed: int


def estimate(clusters: Sequence[tuple[float, int]]) -> Estimate:
    """Return the mean over runs of (sum, count) pairs, one for each key."""
    count = sum(n for _, n in clusters)
    total = math.fsum(y for y, _ in clusters)
    return Estimate(total / count if count else None, count, len(clusters))


def compare(
    measure: str,
    unit: str,
    left: Sequence[tuple[float, int]],
    right: Sequence[tuple[float, int]],
    *,
    is_share: bool = False,
) -> RunDifference:
    """Compare two groups of (sum, count) pairs, one for each key.

    Args:
        measure: its name.
        unit: its unit.
        left: the first group.
        right: the second group.
        is_share: whether values are shares from 0 to 1. Each side then gets one more key at 0 and
            one at 1, so that no interval has the width 0 (Agresti and Caffo 2000).
    """
    first, second = estimate(left), estimate(right)
    if first.mean is None or second.mean is None:
        return RunDifference(measure, unit, first, second, None, None, None, "too few keys")
    difference = second.mean - first.mean
    if min(first.clusters, second.clusters) < MIN_CLUSTERS:
        return RunDifference(measure, unit, first, second, difference, None, None, "too few keys")
    low, high = _interval(
        _add_keys(left) if is_share else left, _add_keys(right) if is_share else right
    )
    low, high = min(low, difference), max(high, difference)
    verdict = "higher" if low > 0 else "lower" if high < 0 else "no difference found"
    return RunDifference(measure, unit, first, second, difference, low, high, verdict)


def _add_keys(clusters: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    size = max(1, round(sum(n for _, n in clusters) / len(clusters)))
    return [*clusters, (0.0, size), (float(size), size)]


def _interval(
    left: Sequence[tuple[float, int]], right: Sequence[tuple[float, int]]
) -> tuple[float, float]:
    first, second = _mean_variance(left), _mean_variance(right)
    difference = second[0] - first[0]
    variance = first[1] + second[1]
    if variance == 0:
        return difference, difference
    parts = first[1] ** 2 / (len(left) - 1) + second[1] ** 2 / (len(right) - 1)
    half = t_quantile(0.975, variance**2 / parts) * math.sqrt(variance)
    return difference - half, difference + half


def _mean_variance(clusters: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """Return the mean over runs and its variance, as of a ratio of two sums over keys."""
    size, count = len(clusters), sum(n for _, n in clusters)
    mean = math.fsum(y for y, _ in clusters) / count
    squares = math.fsum((y - mean * n) ** 2 for y, n in clusters)
    return mean, size / (size - 1) * squares / count**2
