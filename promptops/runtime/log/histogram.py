"""Latencies in fixed buckets, so that percentiles of many hours can be had without the runs.

A bucket reaches from one power of the eighth root of two to the next, from one millisecond on. Its
middle (the geometric one) is at most 4.5 % from any duration in it: that is the error of a
percentile from 1 ms up. What is shorter than a millisecond counts as one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKETS_PER_DOUBLING = 8
# The greatest relative error of a percentile.
ERROR = 2 ** (1 / (2 * BUCKETS_PER_DOUBLING)) - 1
# About 18 hours; what takes longer counts as this.
MAX_BUCKET = 26 * BUCKETS_PER_DOUBLING


def bucket(ms: float) -> int:
    """Return the number of the bucket that holds a duration, from 0."""
    if ms <= 1:
        return 0
    return min(MAX_BUCKET, int(math.log2(ms) * BUCKETS_PER_DOUBLING))


def middle(number: int) -> float:
    """Return the duration in milliseconds that stands for a bucket."""
    return float(2 ** ((number + 0.5) / BUCKETS_PER_DOUBLING))


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Return the duration below which a share of runs lies; None without runs.

    The nearest rank: of n runs the one at place ceil(share * n).
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


def unpack(text: str) -> dict[int, int]:
    """Return the counts of a packed text."""
    return {
        int(number): int(count) for number, _, count in (one.partition(":") for one in text.split())
    }
