"""The remote is asked before what is live is shown, and its silence is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from promptops.cli.freshness import refresh_and_tell
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is run two hours after the last fetch."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 7200)


@pytest.fixture
def remote(repo: Repo, tmp_path: Path) -> Repo:
    repo.commit({"prompts/a.md": prompt_text()})
    return repo.publish(tmp_path / "remote.git")


def test_what_was_just_fetched_needs_no_remark(
    repo: Repo, remote: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    remote.git("branch", "promptops/staging", "main")
    freshness = refresh_and_tell(open_repository(repo.path), offline=False)
    assert freshness.is_current
    assert repo.find("refs/remotes/origin/promptops/staging") == remote.rev("main")
    assert capsys.readouterr().err == ""


def test_offline_nobody_is_asked_and_the_age_is_told(
    repo: Repo, remote: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    remote.git("branch", "promptops/staging", "main")
    assert not refresh_and_tell(open_repository(repo.path), offline=True).is_current
    assert repo.find("refs/remotes/origin/promptops/staging") is None
    assert capsys.readouterr().err == "as of 2 hours ago; origin was not asked\n"


def test_a_remote_that_is_gone_is_told(
    repo: Repo, remote: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    remote.path.rename(remote.path.with_name("elsewhere"))
    assert refresh_and_tell(open_repository(repo.path), offline=False).fault
    assert capsys.readouterr().err == "as of 2 hours ago; origin did not answer\n"
