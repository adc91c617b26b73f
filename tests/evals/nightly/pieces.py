"""What several tests of nights use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from promptops.evals.nightly.branch import HistoryBranch
from promptops.evals.nightly.record import (
    NightModel,
    NightRecord,
)
from promptops.repository.repository import open_repository

DIGEST = f"sha256:{'0' * 64}"


RECORD = NightRecord(
    "production",
    "2026-11-29",
    1_795_917_600,
    "evals/ask.yaml",
    DIGEST,
    "ask",
    "1.0.0",
    DIGEST,
    None,
    (NightModel("openai/gpt-4o", "passed", 1, 1, 1, 0, shares={"one": (1, 1)}),),
)


def make_night(day: int, passed: int, **changes: object) -> NightRecord:
    (model,) = RECORD.models
    shares = {f"sample {n}": (int(n < passed), 1) for n in range(10)}
    made = replace(
        model,
        samples=10,
        passed=passed,
        trials=10,
        p50_ms=800,
        shares=shares,
        served=("gpt-4o-2024-08-06",),
    )
    made = replace(made, **changes)  # type: ignore[arg-type]
    return replace(RECORD, night=f"2026-11-{day:02}", models=(made,))


def add_nights(folder: str, suite: str, count: int) -> None:
    """Add nights of a suite, one after the other, as a process of its own."""
    for number in range(count):
        night = (date(2026, 1, 1) + timedelta(days=number)).isoformat()
        history = HistoryBranch(open_repository(folder))
        history.refresh()
        history.append([replace(RECORD, suite=suite, night=night)])
