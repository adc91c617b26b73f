"""The run log that a command means, and events that commands write to it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from promptops.cli.run_log import find_run_log, record_event
from promptops.cli.session import Session, start_session
from promptops.runtime.log.log import open_log
from tests.cli.pieces import log_place

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.repositories import Repo


def test_each_work_tree_means_the_log_of_its_repository(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "x"})
    repo.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    for folder in (repo.path, tmp_path / "other"):
        start_session(Session(str(folder)))
        assert find_run_log()[1] == str(log_place(repo))


def test_the_configuration_and_the_environment_name_another(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("promptops.toml", '[log]\nurl = "logs/runs.db"\n')
    start_session(Session(str(repo.path)))
    assert find_run_log()[1] == str(repo.path / "logs/runs.db")
    monkeypatch.setenv("PROMPTOPS_LOG", "/srv/runs.db")
    assert find_run_log()[1] == "/srv/runs.db"


def test_outside_of_a_repository_it_is_the_user_s(tmp_path: Path, home: Path) -> None:
    start_session(Session(str(tmp_path)))
    assert find_run_log()[1].startswith(str(home))


def test_an_event_makes_the_log_if_there_is_none(repo: Repo) -> None:
    start_session(Session(str(repo.path)))
    assert not log_place(repo).exists()
    record_event("guards_reset", 1_767_225_600.0, {"by": "Jane"})
    settings, place = find_run_log()
    log = open_log(place, settings, clock=time.time, random=os.urandom, key=os.environ.get)
    with log:
        (event,) = log.events()
    assert (event.kind, event.at, event.run_id) == ("guards_reset", 1_767_225_600.0, None)
    assert event.detail == {"by": "Jane"}
