"""`promptops eval trends`, and trends in the HTML report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.evals.nightly.branch import HistoryBranch
from promptops.repository.repository import open_repository
from tests.cli.running import accept, refuse
from tests.evals.nightly.pieces import make_night
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.fixture
def project(repo: Repo) -> Repo:
    """A repository with five nights, of which one is missing and one could not be judged."""
    repo.commit({"promptops.toml": 'environments = ["production"]\n'}, "Begin")
    broken = make_night(4, 0, state="could not judge", errors=10)
    worse = make_night(6, 2, state="alarm", alarms=("worse",))
    HistoryBranch(open_repository(repo.path)).append(
        [make_night(1, 10), make_night(2, 9), broken, make_night(5, 10), worse]
    )
    return repo


def test_the_table_has_a_bar_for_each_night(project: Repo) -> None:
    header, row = accept(project, "eval", "trends").splitlines()
    assert header.split()[:3] == ["PROMPT", "ENV", "MODEL"]
    assert row.split()[:7] == [
        *("ask", "production", "openai/gpt-4o", "1.0.0", "20.0%", "alarm", "2026-11-06")
    ]
    assert row.endswith("██  █▂")


@pytest.mark.slow
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
