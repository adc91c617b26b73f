"""What several tests of nights use."""

from __future__ import annotations

from dataclasses import replace

from promptops.evals.nightly.record import (
    NightModel,
    NightRecord,
)

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
