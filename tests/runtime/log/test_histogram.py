"""Latencies in buckets."""

from __future__ import annotations

import math

import pytest

from promptops.runtime.log import histogram


@pytest.mark.parametrize("ms", [1.0, 1.5, 2, 3.7, 99, 1000, 1234.5, 3_600_000])
def test_a_bucket_is_no_further_from_a_duration_than_stated(ms: float) -> None:
    assert abs(histogram.middle(histogram.bucket(ms)) / ms - 1) <= histogram.ERROR + 1e-9


def test_percentiles_of_a_histogram() -> None:
    counts: dict[int, int] = {}
    for ms in range(1, 1001):
        counts[histogram.bucket(ms)] = counts.get(histogram.bucket(ms), 0) + 1
    for share in (0.5, 0.95, 0.99):
        found = histogram.percentile(counts, share)
        assert found is not None
        assert math.isclose(found, share * 1000, rel_tol=histogram.ERROR + 0.002)
    assert histogram.percentile({}, 0.5) is None
    assert dict(histogram.unpack(histogram.pack(counts))) == counts
    assert histogram.bucket(1e12) == histogram.MAX_BUCKET
    assert histogram.bucket(-5) == 0
