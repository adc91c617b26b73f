"""`promptops metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

PROMPT = """---
version: 1.0.0
description: d
author: jane@example.com
model: echo/any
---
hello
"""


@pytest.fixture
def team(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    repo.write("prompts/a.md", PROMPT)
    repo.write("promptops.toml", "[telemetry]\nprometheus = true\n")
    repo.commit()
    return repo


def test_counts_are_printed_and_written(team: Repo, tmp_path: Path) -> None:
    accept(team, "run", "a@working")
    text = accept(team, "metrics")
    assert (
        'promptops_runs_total{prompt="a",version="1.0.0",environment="",status="succeeded"} 1'
        in text
    )
    accept(team, "metrics", "-o", str(tmp_path / "a.prom"))
    assert (tmp_path / "a.prom").read_text() == text


def test_what_makes_no_sense_is_refused(team: Repo) -> None:
    assert "--every needs a file" in refuse(team, "metrics", "--every", "15s", code=2)
    assert "give one or the other" in refuse(team, "metrics", "--listen", ":1", "-o", "x", code=2)
    assert "is not an address" in refuse(team, "metrics", "--listen", "here", code=2)
    assert "is not a time span" in refuse(team, "metrics", "-o", "x", "--every", "soon", code=2)
    team.write("promptops.toml", "")
    assert "prometheus = true" in refuse(team, "metrics", code=2)
