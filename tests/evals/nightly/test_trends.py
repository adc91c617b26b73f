"""`promptops eval trends`, and trends in the HTML report."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.evals.nightly.branch import HistoryBranch
from promptops.evals.nightly.trends import list_trends
from promptops.evals.report.trends import to_section
from promptops.repository.repository import open_repository
from tests.cli.running import accept, refuse
from tests.evals.nightly.test_branch import RECORD
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.evals.nightly.record import NightRecord
    from tests.repositories import Repo


def night(day: int, passed: int, **changes: object) -> NightRecord:
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


@pytest.fixture
def project(repo: Repo) -> Repo:
    """A repository with five nights, of which one is missing and one could not be judged."""
    repo.commit({"promptops.toml": 'environments = ["production"]\n'}, "Begin")
    broken = night(4, 0, state="could not judge", errors=10)
    worse = night(6, 2, state="alarm", alarms=("worse",))
    HistoryBranch(open_repository(repo.path)).append(
        [night(1, 10), night(2, 9), broken, night(5, 10), worse]
    )
    return repo


def test_the_table_has_a_bar_for_each_night(project: Repo) -> None:
    header, row = accept(project, "eval", "trends").splitlines()
    assert header.split()[:3] == ["PROMPT", "ENV", "MODEL"]
    assert row.split()[:7] == [
        *("ask", "production", "openai/gpt-4o", "1.0.0", "20.0%", "alarm", "2026-11-06")
    ]
    assert row.endswith("██  █▂")


def test_with_a_name_each_night_is_a_line(project: Repo) -> None:
    lines = accept(project, "eval", "trends", "ask", "--nights", "2").splitlines()
    assert masked(lines[3]) == snapshot("evals/ask.yaml with openai/gpt-4o in production")
    assert lines[5].split() == [
        *("2026-11-06", "1.0.0", "20.0%", "2/10", "800", "ms", "alarm", "(worse)"),
        "gpt-4o-2024-08-06",
    ]
    assert len(lines) == 7


def test_the_numbers_are_there_as_json(project: Repo) -> None:
    found = json.loads(accept(project, "eval", "trends", "--format", "json"))
    (trend,) = found["trends"]
    assert [one["share"] for one in trend["nights"]] == [1.0, 0.9, 0.0, 1.0, 0.2]
    assert trend["nights"][-1]["alarms"] == ["worse"]


def test_a_prompt_without_nights_is_an_error(project: Repo) -> None:
    assert masked(refuse(project, "eval", "trends", "other", code=2)) == snapshot("""\
error: there are no nightly results of other
 hint: promptops eval nightly other\
""")


def test_without_any_night_it_says_how_to_begin(repo: Repo) -> None:
    repo.commit({"promptops.toml": 'environments = ["production"]\n'}, "Begin")
    assert accept(repo, "eval", "trends") == ""


def test_the_report_draws_what_strangers_wrote_as_text() -> None:
    bad = replace(night(1, 10, served=("<script>", "a\x00b")), suite="evals/<b>.yaml")
    text = "\n".join(to_section(list_trends([bad])))
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<rect") == 1
    assert list(to_section([])) == []
