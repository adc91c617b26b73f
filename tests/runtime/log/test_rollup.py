"""Totals of runs."""

from __future__ import annotations

import pytest

from promptops.runtime.log.rollup import Sums


def add(sums: Sums, *, ms: int = 100, sign: int = 1, **changed: object) -> None:
    values: dict[str, object] = {"status": "succeeded", "stage": None, "cost": 25} | changed
    sums.add(duration=ms * 1000, tokens=(11, None), is_cached=False, sign=sign, **values)  # type: ignore[arg-type]


def test_percentiles_of_single_runs_are_exact() -> None:
    sums = Sums()
    for ms in range(1, 101):
        add(sums, ms=ms)
    group = sums.group({"day": "2026-01-01"})
    assert (group.runs, group.cost_micros, group.input_tokens) == (100, 2500, 1100)
    assert (group.p50_ms, group.p95_ms, group.is_exact) == (50, 95, True)
    assert Sums().group({}).p50_ms is None


def test_hours_that_are_joined_add_up_and_have_near_percentiles() -> None:
    hours = [Sums(), Sums()]
    for ms in range(1, 101):
        add(hours[ms % 2], ms=ms, status="failed" if ms > 90 else "succeeded", stage="call")
    total = Sums()
    for hour in hours:
        total.join(hour.pack())
    group = total.group({})
    assert group.statuses == {"failed": 10, "succeeded": 90}
    assert (group.runs, group.stages, group.is_exact) == (100, {"call": 100}, False)
    assert group.p50_ms == pytest.approx(50, rel=0.05)


def test_a_run_that_is_subtracted_leaves_nothing() -> None:
    sums = Sums()
    add(sums, status="failed", stage="call", cost=None)
    add(sums, status="failed", stage="call", cost=None, sign=-1)
    assert sums.pack() == Sums().pack()


@pytest.mark.parametrize(
    ("status", "cost", "unpriced"),
    [("succeeded", None, 1), ("succeeded", 0, 0), ("running", None, 0)],
)
def test_only_an_ended_run_without_a_price_is_unpriced(
    status: str, cost: int | None, unpriced: int
) -> None:
    sums = Sums()
    add(sums, status=status, cost=cost)
    assert sums.unpriced == unpriced
