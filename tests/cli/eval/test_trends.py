"""`promptops eval trends`: a bar for each night, and a line for each if a prompt is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.evals.nightly.branch import HistoryBranch
from promptops.evals.nightly.record import ALARM, PASSED, UNKNOWN, NightModel, NightRecord
from promptops.repository.repository import open_repository
from tests.cli.running import accept, refuse, run
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "ab" * 32


def record(prompt: str, day: int, passed: int) -> NightRecord:
    """A night with four samples; none of them was judged if -1 passed."""
    state = UNKNOWN if passed < 0 else ALARM if passed < 3 else PASSED
    shares = {f"s{n}": (int(n < passed), 0 if passed < 0 else 1) for n in range(4)}
    result = NightModel(
        "echo/any",
        state,
        4,
        max(passed, 0),
        4,
        4 if passed < 0 else 0,
        None if passed < 0 else 100 * day,
        () if passed < 0 else (f"any-{day}",),
        alarms=("worse",) if state == ALARM else (),
        shares=shares,
    )
    night = f"2026-11-{day:02}"
    return NightRecord(
        *("production", night, 1_795_000_000 + day, f"evals/{prompt}.yaml", DIGEST),
        *(prompt, "1.0.0", DIGEST, None, (result,)),
    )


def build_nights(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"promptops.toml": 'environments = ["production"]\n'})
    accepted = replace(record("ask", 5, 2), is_accepted=True)
    records = [record("ask", 1, 4), record("ask", 2, -1), record("ask", 4, 3), accepted]
    HistoryBranch(open_repository(folder)).append([*records, record("b", 5, 4)])


@pytest.fixture
def nights(tmp_path: Path) -> Repo:
    """Four nights of `ask`, of which one could not be judged, and one of `b`."""
    copy_template(build_nights, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
def test_each_suite_is_a_row_with_a_gap_where_nothing_was_judged(nights: Repo) -> None:
    assert accept(nights, "eval", "trends") == snapshot("""\
PROMPT  ENV         MODEL     VERSION  PASS    STATE   LAST NIGHT  TREND
ask     production  echo/any  1.0.0    50.0%   alarm   2026-11-05  █  ▆▄
b       production  echo/any  1.0.0    100.0%  passed  2026-11-05  █
""")


def test_a_named_prompt_has_a_line_a_night_the_newest_first(nights: Repo) -> None:
    said = accept(nights, "eval", "trends", "ask")
    assert said.partition("\n\n")[2] == snapshot("""\
evals/ask.yaml with echo/any in production
NIGHT       VERSION  PASS    SAMPLES  P50     STATE                    SERVED
2026-11-05  1.0.0    50.0%   2/4      500 ms  alarm (worse), accepted  any-5
2026-11-04  1.0.0    75.0%   3/4      400 ms  passed                   any-4
2026-11-02  1.0.0    -       0/4      -       could not judge          -
2026-11-01  1.0.0    100.0%  4/4      100 ms  passed                   any-1
""")


def test_only_the_last_nights_are_shown(nights: Repo) -> None:
    found = json.loads(accept(nights, "eval", "trends", "--nights", "2", "--format", "json"))
    assert found["schema"] == "promptops.eval-trends/v1"
    assert [[one["night"] for one in trend["nights"]] for trend in found["trends"]] == [
        ["2026-11-04", "2026-11-05"],
        ["2026-11-05"],
    ]
    assert found["trends"][0]["nights"][-1]["accepted"]


def test_a_name_without_nights_and_an_environment_that_is_none_are_errors(nights: Repo) -> None:
    told = refuse(nights, "eval", "trends", "c", code=2)
    assert told == ("error: there are no nightly results of c\n hint: promptops eval nightly c")
    refuse(nights, "eval", "trends", "--env", "nowhere", code=2)


def test_without_any_night_it_says_how_to_begin(repo: Repo) -> None:
    result = run(repo, "eval", "trends")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "there are no nightly results yet: run promptops eval nightly\n"


def test_a_remote_that_is_gone_leaves_what_was_fetched(nights: Repo, tmp_path: Path) -> None:
    nights.git("remote", "add", "origin", str(tmp_path / "gone.git"))
    result = run(nights, "eval", "trends")
    assert result.exit_code == 0
    assert "warning: results are as of the last fetch: " in result.stderr
    assert "warning:" not in run(nights, "eval", "trends", "--offline").stderr
