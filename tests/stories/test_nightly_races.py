"""Nightly evals on several machines at once, and one that is killed: nothing is lost or half there."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from promptops.evals.nightly.branch import BRANCH
from tests.evals.nightly.project import SUITE, make_project
from tests.prompts import prompt_text
from tests.stories.world import finish, let_children_end, run, start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

pytestmark = pytest.mark.story

NIGHTLY = ("eval", "nightly", "--env", "production", "--concurrency", "2")
ANSWERS = "rules:\n- {delay: 0.02, answer: billing}\n"


def files(remote: Repo) -> dict[str, str]:
    """The states of all nights, by path."""
    if BRANCH not in remote.refs():
        return {}
    paths = remote.git("ls-tree", "-r", "--name-only", BRANCH).splitlines()
    return {
        path: json.loads(remote.git("show", f"{BRANCH}:{path}"))["models"][0]["state"]
        for path in paths
        if path.endswith(".json")
    }


@pytest.fixture
def machines(repo: Repo, tmp_path: Path) -> tuple[Repo, list[Repo]]:
    """A remote, and three clones in which two prompts are live."""
    remote = make_project(repo, tmp_path / "origin.git", answers=ANSWERS)
    repo.commit(
        {
            "prompts/other.md": prompt_text(
                body="{{ question }}", model="scripted/answers.yaml", max_tokens="50"
            ),
            "evals/other.yaml": SUITE.replace("prompt: ask", "prompt: other"),
        },
        "Another",
    )
    repo.git("push", "-q", "origin", "main")
    for words in (
        ("release", "other", "--push"),
        ("promote", "other", "--to", "production", "--reason", "launch"),
    ):
        assert run(repo.path, *words).code == 0
    clones = [remote.clone(tmp_path / name) for name in ("one", "two", "three")]
    return remote, clones


def test_two_machines_at_once_and_one_that_is_killed(
    machines: tuple[Repo, list[Repo]],
) -> None:
    remote, (one, two, three) = machines
    # The same suite twice, another one, and one machine that dies somewhere on its way.
    started = [
        start(one.path, *NIGHTLY, "ask", "--night", "2026-11-01"),
        start(two.path, *NIGHTLY, "--night", "2026-11-01"),
    ]
    chance = random.Random(7)
    for day in range(2, 6):
        victim = start(three.path, *NIGHTLY, "--night", f"2026-11-{day:02}")
        time.sleep(chance.uniform(0.3, 2.5))
        os.killpg(victim.pid, signal.SIGKILL)
        victim.communicate()
        let_children_end(victim, three.path, remote.path)
    for told in map(finish, started):
        assert told.code == 0, told
    found = files(remote)
    assert set(found.values()) == {"passed"}
    for prompt in ("ask", "other"):
        assert f"production/evals/{prompt}.yaml/2026-11-01_1.0.0.json" in found
    # Both suites of a night are one commit.
    nights = {path.rpartition("/")[2] for path in found}
    assert len(found) == 2 * len(nights)
    assert remote.run("fsck", "--strict").returncode == 0
    told = run(three.path, *NIGHTLY, "--night", "2026-11-09", "--format", "json")
    assert told.code == 0, told
    document = json.loads(told.out)
    assert document["damaged"] == []
    newest = max(nights).partition("_")[0]
    assert {one["reference"] for one in document["suites"]} == {newest}
