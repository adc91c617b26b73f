"""`promptops runs stats`: runs counted by what they share."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.runtime.log.pieces import START, end, make_run
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


def test_by_prompt_unless_said_otherwise(repo: Repo, runs: list[RunRecord]) -> None:
    result = run(repo, "runs", "stats")
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["PROMPT", "RUNS", "COST", "P50", "P95", "ERRORS", "REFUSED"]
    assert lines[1].split("  ")[0] == "support/triage"
    assert masked(lines[1]) == snapshot(
        "support/triage  4     $2.002468 + 1 unknown  <duration>  <duration>  1 (25.0 %): 1 call  0"
    )
    assert lines[2].startswith("billing/refund")
    assert lines[2].split()[-1] == "1"
    assert result.stderr == "5 runs, $2.002468\n"


def test_a_refusal_is_no_stage_of_an_error(repo: Repo, write_log: Callable[..., RunLog]) -> None:
    log = write_log()
    failed = {"status": "failed", "stage": "call", "answer": None}
    refused = {"status": "refused", "stage": "guard", "answer": None}
    for number, how in enumerate((failed, refused, refused)):
        log.finish(end(make_run(START + number), **how), [])
    line = accept(repo, "runs", "stats").splitlines()[1]
    assert masked(line.split("  ")[-2:]) == snapshot(["1 (33.3 %): 1 call", "2"])


def test_json_by_several_dimensions(repo: Repo, runs: list[RunRecord]) -> None:
    args = ("runs", "stats", "support/triage", "--by", "version,model", "--by", "environment")
    document = json.loads(accept(repo, *args, "--format", "json"))
    assert document["schema"] == "promptops.stats/v1"
    assert document["by"] == ["version", "model", "environment"]
    failed = next(one for one in document["groups"] if one["by"]["version"] == "1.3.0")
    assert failed["by"] == {
        "version": "1.3.0",
        "model": "anthropic/claude-haiku-4-5",
        "environment": "production",
    }
    assert (failed["runs"], failed["errors"], failed["stages"]) == (1, 1, {"call": 1})
    assert (failed["p50_ms"], failed["exact"], failed["unpriced"]) == (20_500.0, True, 1)


def test_csv_by_day(repo: Repo, runs: list[RunRecord]) -> None:
    text = accept(repo, "runs", "stats", "--by", "day", "--format", "csv")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["day"] for row in rows] == [f"2026-11-{day}" for day in range(18, 23)]
    assert [row["runs"] for row in rows] == ["1"] * 5
    assert rows[2] | {"failed": "1", "errors": "1", "stages": "1 call"} == rows[2]
    assert rows[3]["refused"] == "1"
    assert rows[1]["cost_micros"] == "2000000"


def test_a_terminal_shows_runs_a_day_as_bars(
    repo: Repo, runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.cli.runs.stats.is_terminal", lambda _stream: True)
    text = accept(repo, "runs", "stats", "--until", "2026-11-23")
    assert masked(text) == snapshot("""\
PROMPT          RUNS  COST                   P50     P95     ERRORS              REFUSED  TREND
support/triage  4     $2.002468 + 1 unknown  <duration>  <duration>  1 (25.0 %): 1 call  0        ███ █
billing/refund  1     $0.00                  <duration>   <duration>   0                   1           █
""")
    assert text.splitlines()[1].endswith("███ █")
    assert text.splitlines()[2].endswith("   █")
    assert "TREND" not in accept(repo, "runs", "stats", "--by", "day")


def test_a_narrow_terminal_goes_without_columns(
    repo: Repo, runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("session", "runs.stats"):
        monkeypatch.setattr(f"promptops.cli.{module}.is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "75")
    said = run(repo, "runs", "stats", "--until", "2026-11-23")
    assert masked(said.stderr) == snapshot("""\
without TREND, P50 and P95: the terminal is narrow
5 runs, $2.002468
""")
    header = said.stdout.splitlines()[0]
    assert "REFUSED" in header
    assert "P95" not in header


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--by", "colour"], "cannot be grouped by 'colour'"),
        (["--compare", "1.2.0", "1.3.0"], "no prompt given"),
        (["a@1.2.0", "--compare", "1.2.0", "1.3.0"], "no prompt given"),
        (["a", "--compare", "1.2.0", "1.2.0"], "both versions are the same"),
        (
            ["a", "--by", "day", "--compare", "1.2.0", "1.3.0"],
            "--compare and --by cannot be combined",
        ),
    ],
)
def test_questions_without_an_answer(
    repo: Repo, runs: list[RunRecord], args: list[str], message: str
) -> None:
    assert message in refuse(repo, "runs", "stats", *args, code=2)
