"""Statistics of runs: known values, and what clustering must do."""

from __future__ import annotations

import random

import pytest

from promptops.runtime.log.statistics import compare, estimate


def test_a_mean_is_over_runs() -> None:
    assert estimate([(3.0, 3), (0.0, 1)]).mean == 0.75
    assert estimate([]).mean is None


def test_runs_of_one_key_are_not_independent() -> None:
    singles = compare(
        "errors",
        "share",
        [(float(i % 2), 1) for i in range(200)],
        [(1.0, 1)] * 140 + [(0.0, 1)] * 60,
        is_share=True,
    )
    lumps = compare(
        "errors",
        "share",
        [(float(20 * (i % 2)), 20) for i in range(10)],
        [(20.0, 20)] * 7 + [(0.0, 20)] * 3,
        is_share=True,
    )
    assert singles.difference == lumps.difference == pytest.approx(0.2)
    assert singles.verdict == "higher"
    assert lumps.verdict == "no difference found"


def test_equal_shares_have_an_interval() -> None:
    result = compare("errors", "share", [(0.0, 1)] * 50, [(0.0, 1)] * 50, is_share=True)
    assert result.low is not None
    assert result.high is not None
    assert result.low < 0 < result.high
    assert result.verdict == "no difference found"


def test_few_keys_say_nothing() -> None:
    result = compare("cost", "micros", [(1.0, 1)] * 5, [(100.0, 1)] * 50)
    assert (result.verdict, result.low) == ("too few keys", None)
    assert compare("cost", "micros", [], [(1.0, 1)] * 9).difference is None


@pytest.mark.story
def test_an_interval_holds_what_it_says() -> None:
    # 400 experiments on equal groups of 12 keys: about 5 % may find a difference; 10.5 % is more
    # than five standard errors away.
    source = random.Random(7)

    def side() -> list[tuple[float, int]]:
        clusters = []
        for _ in range(12):
            level, size = source.gauss(0, 1), source.randint(1, 20)
            clusters.append((sum(level + source.gauss(0, 1) for _ in range(size)), size))
        return clusters

    found = sum(
        compare("x", "x", side(), side()).verdict != "no difference found" for _ in range(400)
    )
    assert found < 42
