"""What a lost ledger must hold, from runs: too much rather than too little."""

from __future__ import annotations

from inline_snapshot import snapshot

from promptops.repository.settings.guards import GuardSettings, Limits
from promptops.runtime.guards.rebuilding import oldest_start, rebuild_windows
from promptops.runtime.log.record import RunRecord

DAY = 1_796_000_000 // 86_400 * 86_400.0
NOW = DAY + 5 * 3_600 + 60
SETTINGS = GuardSettings(
    limits=Limits(spend_per_hour=1000, spend_per_day=5000, calls_per_minute=9),
    environments={"eval": Limits(spend_per_day=9)},
    is_strict=True,
)


def run(at: float, cost: int | None, **more: object) -> RunRecord:
    values: dict[str, object] = {"prompt": "a", "ms": 1000.0, "cost_micros": cost, **more}
    return RunRecord("r", "a@production", at, **values)  # type: ignore[arg-type]


def used(*runs: RunRecord) -> dict[str, int]:
    found = rebuild_windows(SETTINGS, runs, NOW).charges
    return {one.window.split("/")[1]: one.amount for one in found}


def test_runs_count_in_the_windows_of_now() -> None:
    assert used(run(NOW - 30, 5), run(NOW - 7_200, 7)) == {"hour": 5, "day": 12}


def test_a_run_over_the_hour_counts_in_both() -> None:
    assert used(run(NOW - 90, 5, ms=45_000.0)) == {"hour": 5, "day": 5}
    assert used(run(DAY - 10, 5, ms=20_000.0)) == {"day": 5}
    assert used(run(DAY - 10, 5)) == {}
    assert oldest_start(NOW) < DAY - 10


def test_an_unknown_cost_counts_like_the_dearest_of_its_prompt() -> None:
    runs = (
        run(NOW - 40, 5),
        run(NOW - 30, 8),
        run(NOW - 20, 30, prompt="b"),
        run(NOW - 10, None, status="running", ms=None),
    )
    assert used(*runs) == {"hour": 51, "day": 51}
    assert rebuild_windows(SETTINGS, runs, NOW).guessed == 1


def test_what_asked_nobody_and_evals_count_nowhere_else() -> None:
    assert used(run(NOW, 0), run(NOW, 0, prompt=None)) == {}
    (window,) = rebuild_windows(SETTINGS, [run(NOW, 5, environment="eval")], NOW).charges
    assert window.window == snapshot("spend/day/environment/eval/2026-11-30")
