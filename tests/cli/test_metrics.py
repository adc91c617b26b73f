"""`promptops metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.screens import masked

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
    assert masked(refuse(team, "metrics", "--every", "15s", code=2)) == snapshot("""\
error: --every needs a file
 hint: use -o FILE\
""")
    assert masked(refuse(team, "metrics", "--listen", ":1", "-o", "x", code=2)) == snapshot("""\
error: --listen cannot be combined with --output or --every
 hint: give one or the other\
""")
    assert masked(refuse(team, "metrics", "--listen", "here", code=2)) == snapshot("""\
error: --listen here is not an address
 hint: write 127.0.0.1:<port>\
""")
    assert masked(refuse(team, "metrics", "-o", "x", "--every", "soon", code=2)) == snapshot("""\
error: --every 'soon' is not a time span
 hint: write 15s or 1m\
""")
    team.write("promptops.toml", "")
    assert "prometheus = true" in refuse(team, "metrics", code=2)
