"""`promptops pause` and `resume`: the kill switch, one prompt or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

ENV = ("--env", "staging")


def build_deployed(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text(), "prompts/b.md": prompt_text()})
    accept(repo, "release", "--all")
    accept(repo, "promote", "a", "b", "--to", "staging")


@pytest.fixture
def deployed(tmp_path: Path) -> Repo:
    """Prompts `a` and `b`, both live in staging."""
    copy_template(build_deployed, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
def test_a_pause_and_its_end(deployed: Repo) -> None:
    out = accept(deployed, "pause", "a", *ENV, "--reason", "wrong\n\nAction: resume")
    assert out == snapshot("staging: a 1.0.0 -> 1.0.0 (paused)\n")
    assert accept(deployed, "history", *ENV) == snapshot("""\
2026-01-01 00:00 +0000  staging 2  pause  by Jane Doe
    a 1.0.0 -> 1.0.0 (paused)
    wrong Action: resume
2026-01-01 00:00 +0000  staging 1  promote  by Jane Doe
    a (not deployed) -> 1.0.0
    b (not deployed) -> 1.0.0
""")
    assert accept(deployed, "resume", "a", *ENV) == snapshot("staging: a 1.0.0 (paused) -> 1.0.0\n")
    accept(deployed, "verify")


@pytest.mark.slow
def test_all_at_once(deployed: Repo) -> None:
    accept(deployed, "pause", "b", *ENV, "--reason", "first")
    out = accept(deployed, "pause", "--all", *ENV, "--reason", "everything")
    assert out == snapshot(
        "staging: a 1.0.0 -> 1.0.0 (paused)\nstaging: b 1.0.0 (paused) -> 1.0.0 (paused)\n"
    )
    accept(deployed, "resume", "--all", *ENV)
    assert run(deployed, "resume", "--all", *ENV).stderr == snapshot("staging: nothing to change\n")
    accept(deployed, "verify")


def test_a_kill_switch_that_kills_nothing_says_so(deployed: Repo) -> None:
    told = refuse(deployed, "pause", "--all", "--reason", "help", code=2)
    assert told == snapshot("""\
error: nothing is live in production
 hint: check the name of the environment\
""")


def test_requests_that_make_no_sense(deployed: Repo) -> None:
    for words, told in (
        (("pause", "a", *ENV), "no reason given"),
        (("pause", "a", *ENV, "--reason", "\n "), "no reason given"),
        (("pause", *ENV, "--reason", "x"), "no prompt given"),
        (("pause", "a", "--all", *ENV, "--reason", "x"), "no prompt given"),
        (("pause", "c", *ENV, "--reason", "x"), "c is not live in staging"),
        (("resume", *ENV), "no prompt given"),
        (("resume", "c", *ENV), "c is not live in staging"),
        (("resume", "a", "--env", "nowhere"), "there is no environment 'nowhere'"),
    ):
        assert told in refuse(deployed, *words, code=2)
