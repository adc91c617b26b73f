"""Histograms of latencies, from which percentiles over many hours are computed without the runs.

Buckets are between successive powers of the eighth root of two, from one millisecond on. The
geometric middle of a bucket differs at most 4.5 % from any duration in it, which is the error of
percentiles. Durations below one millisecond count as one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUCKETS_PER_DOUBLING = 8
# The greatest relative error of a percentile.
ERROR = 2 ** (1 / (2 * BUCKETS_PER_DOUBLING)) - 1
# About 18 hours; longer durations count as this.
MAX_BUCKET = 26 * BUCKETS_PER_DOUBLING


def bucket(ms: float) -> int:
    """Return the number of the bucket that holds a duration, from 0."""
    if ms <= 1:
        return 0
    return min(MAX_BUCKET, int(math.log2(ms) * BUCKETS_PER_DOUBLING))


def middle(number: int) -> float:
    """Return the middle of a bucket, in milliseconds."""
    return float(2 ** ((number + 0.5) / BUCKETS_PER_DOUBLING))


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the percentile of a share of runs; None without runs.

    Nearest rank: of n runs, the one at position ceil(share * n).
    """
    total = sum(counts.values())
    if not total:
        return None
    rank = max(1, math.ceil(share * total))
    for number in sorted(counts):
        rank -= counts[number]
        if rank <= 0:
            return middle(number)
    return None


def pack(counts: Mapping[int, int]) -> str:
    """Return counts as text: `bucket:count`, separated by spaces."""
    return " ".join(f"{number}:{count}" for number, count in sorted(counts.items()) if count)


def unpack(text: str) -> Iterator[tuple[int, int]]:
    """Yield buckets and counts of a packed text."""
    numbers = map(int, text.replace(":", " ").split())
    return zip(numbers, numbers, strict=True)
