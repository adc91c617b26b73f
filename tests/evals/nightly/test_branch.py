"""The branch of nightly results: raced by real processes, killed, pruned, begun anew."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import RemoteError
from promptops.evals.nightly import branch as module
from promptops.evals.nightly.branch import BRANCH, HistoryBranch
from promptops.evals.nightly.record import (
    MAX_BYTES,
)
from promptops.repository.repository import open_repository
from tests.evals.nightly.pieces import RECORD, add_nights
from tests.hostile import GitServer
from tests.repositories import Repo
from tests.stories.world import let_children_end
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


ADD = """
import sys
from tests.evals.nightly.pieces import add_nights
add_nights(sys.argv[1], sys.argv[2], int(sys.argv[3]))
"""


def start(folder: Path, suite: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", ADD, str(folder), suite, str(count)],
        stderr=subprocess.PIPE,
        process_group=0,
    )


def files(repo: Repo, ref: str = BRANCH) -> list[str]:
    paths = repo.git("ls-tree", "-r", "--name-only", ref).splitlines()
    return [path for path in paths if path.endswith(".json")]


def build_clone(folder: Path) -> None:
    repo = Repo.init(folder / "repo")
    repo.commit({"promptops.toml": "# defaults\n"}, "Begin")
    repo.publish(folder / "origin.git").clone(folder / "one")


@pytest.fixture
def remote(tmp_path: Path) -> Repo:
    """A bare remote of a repository with one commit; beside it, `one` is a clone of it."""
    copy_template(build_clone, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "origin.git")


@pytest.fixture
def clone(remote: Repo, tmp_path: Path) -> Repo:
    """The clone of the remote."""
    assert remote.path.parent == tmp_path
    return Repo(tmp_path / "one")


@pytest.mark.story
def test_two_processes_that_push_at_once_lose_no_night(
    remote: Repo, clone: Repo, tmp_path: Path
) -> None:
    clones = [clone, remote.clone(tmp_path / "two")]
    runners = [start(clone.path, f"evals/{clone.path.name}.yaml", 8) for clone in clones]
    for runner in runners:
        _, told = runner.communicate(timeout=240)
        assert runner.returncode == 0, told.decode()
    assert len(files(remote)) == 16
    assert int(remote.git("rev-list", "--count", BRANCH)) == 16, "each push is on top"


@pytest.mark.story
def test_a_runner_that_is_killed_leaves_whole_nights(remote: Repo, clone: Repo) -> None:
    chance = random.Random(14)
    for _ in range(4):
        runner = start(clone.path, "evals/ask.yaml", 40)
        time.sleep(chance.uniform(0.4, 1.6))
        os.killpg(runner.pid, signal.SIGKILL)
        runner.communicate()
        let_children_end(runner, clone.path, remote.path)
        known = HistoryBranch(open_repository(clone.path))
        known.refresh()
        found = known.read()
        assert not found.damaged
        assert [one.night for one in found.records] == [
            (date(2026, 1, 1) + timedelta(days=day)).isoformat()
            for day in range(len(found.records))
        ]
    add_nights(str(clone.path), "evals/ask.yaml", 12)
    assert len(files(remote)) >= 12
    assert remote.run("fsck", "--strict").returncode == 0


@pytest.mark.slow
def test_old_nights_are_removed(remote: Repo, clone: Repo) -> None:
    history = HistoryBranch(open_repository(clone.path))
    for night in ("2025-10-24", "2025-10-25", "2026-11-29"):
        history.append([replace(RECORD, night=night)])
    assert files(remote) == [
        "production/evals/ask.yaml/2025-10-25_1.0.0.json",
        "production/evals/ask.yaml/2026-11-29_1.0.0.json",
    ]


@pytest.mark.slow
def test_a_suite_keeps_a_bounded_number_of_nights(
    remote: Repo, clone: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_NIGHTS", 2)
    history = HistoryBranch(open_repository(clone.path))
    for day in (1, 2, 3):
        history.append([replace(RECORD, night=f"2026-11-0{day}")])
    assert [path.rpartition("/")[2][8:10] for path in files(remote)] == ["02", "03"]


@pytest.mark.story
@pytest.mark.parametrize("is_refused", [False, True])
def test_the_branch_begins_anew_where_the_remote_lets_it(
    remote: Repo, clone: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_refused: bool
) -> None:
    monkeypatch.setattr(module, "MAX_COMMITS", 3)
    remote.config("receive.denyNonFastForwards", str(is_refused).lower())
    clones = [clone, remote.clone(tmp_path / "two")]
    for day in range(1, 6):
        history = HistoryBranch(open_repository(clones[day % 2].path))
        history.refresh()
        history.append([replace(RECORD, night=f"2026-11-0{day}")])
    assert len(files(remote)) == 5, "no night is lost"
    assert int(remote.git("rev-list", "--count", BRANCH)) == (5 if is_refused else 2)
    seen = HistoryBranch(open_repository(clones[0].path))
    seen.refresh()
    assert len(seen.read().records) == 5


@pytest.mark.slow
def test_a_branch_that_was_deleted_begins_again(remote: Repo, clone: Repo) -> None:
    history = HistoryBranch(open_repository(clone.path))
    history.append([RECORD])
    remote.git("update-ref", "-d", BRANCH)
    history.refresh()
    assert not history.read().records
    history.append([replace(RECORD, night="2026-11-30")])
    assert len(files(remote)) == 1


@pytest.mark.slow
def test_a_branch_of_somebody_else_is_added_to(remote: Repo, clone: Repo) -> None:
    clone.git("push", "-q", "origin", "main:promptops-evals")
    history = HistoryBranch(open_repository(clone.path))
    history.refresh()
    history.append([RECORD])
    assert len(files(remote)) == 1
    assert remote.git("show", f"{BRANCH}:promptops.toml") == "# defaults"


@pytest.mark.story
def test_a_file_that_is_too_large_is_not_read(remote: Repo, clone: Repo, tmp_path: Path) -> None:
    history = HistoryBranch(open_repository(clone.path))
    history.append([RECORD])
    other = remote.clone(tmp_path / "two")
    other.git("checkout", "-q", "promptops-evals")
    other.commit({"production/evals/ask.yaml/2026-11-28_1.0.0.json": " " * (MAX_BYTES + 1)}, "Big")
    other.git("push", "-q", "origin", "promptops-evals")
    history.refresh()
    found = history.read()
    assert found.damaged == snapshot(
        ("production/evals/ask.yaml/2026-11-28_1.0.0.json is damaged: it is too large",)
    )
    assert [one.night for one in found.records] == ["2026-11-29"]


@pytest.mark.slow
def test_a_link_is_not_followed(remote: Repo, clone: Repo, tmp_path: Path) -> None:
    history = HistoryBranch(open_repository(clone.path))
    history.append([RECORD])
    other = remote.clone(tmp_path / "two")
    other.git("checkout", "-q", "promptops-evals")
    link = other.path / "production/evals/ask.yaml/2026-11-28_1.0.0.json"
    link.symlink_to("/etc/passwd")
    other.git("add", "-A")
    other.git("commit", "-qm", "Link")
    other.git("push", "-q", "origin", "promptops-evals")
    history.refresh()
    found = history.read()
    assert len(found.damaged) == 1
    assert len(found.records) == 1


@pytest.mark.slow
def test_only_the_newest_nights_are_read_on_request(clone: Repo) -> None:
    history = HistoryBranch(open_repository(clone.path))
    history.append(
        [
            replace(RECORD, night=f"2026-11-0{day}", suite=suite)
            for day in (1, 2, 3)
            for suite in ("evals/a.yaml", "evals/b.yaml")
        ]
    )
    found = history.read(newest=2).records
    assert [(one.night[-2:], one.suite[6]) for one in found] == [
        *(("02", "a"), ("02", "b"), ("03", "a"), ("03", "b"))
    ]


@pytest.mark.story
@pytest.mark.parametrize("fault", ["lose", "drop", "bad gateway", "half", "twice"])
def test_a_night_is_there_once_whatever_the_answer_to_its_push_was(
    remote: Repo, clone: Repo, fault: str
) -> None:
    remote.config("http.receivepack", "true")
    with GitServer(remote, [fault]).serve() as server:
        clone.git("remote", "set-url", "origin", server.url)
        history = HistoryBranch(open_repository(clone.path))
        history.append([RECORD])
        history.append([replace(RECORD, night="2026-11-30")])
    assert len(files(remote)) == 2
    assert int(remote.git("rev-list", "--count", BRANCH)) == 2


@pytest.mark.slow
def test_a_remote_that_is_away_is_an_error(clone: Repo, tmp_path: Path) -> None:
    history = HistoryBranch(open_repository(clone.path))
    clone.git("remote", "set-url", "origin", (tmp_path / "gone.git").as_uri())
    with pytest.raises(RemoteError):
        history.append([RECORD])
    with pytest.raises(RemoteError):
        history.refresh()
