"""What is read of one of several proposals, and what somebody saw who looked at a commit of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.gate.approvals.content import find_unseen, read_contents
from promptops.gate.approvals.proposals import read_proposal
from promptops.gate.policy import read_policy
from promptops.gate.proposal import read_change
from promptops.gate.rules import ApprovalEntry, Proposal
from promptops.repository.repository import open_repository
from tests.gate.world import TONE, TRIAGE, World, entry, prompt

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.gate.rules import Change
    from promptops.repository.repository import Repository

MORE = "prompts/_shared/more.md"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path / "repo", {MORE: "x\n"})


def read(world: World, branch: str = "change") -> tuple[Repository, Change]:
    repository = open_repository(world.repo.path)
    ends = world.ends(branch)
    policy = read_policy(repository, ends.base)
    return repository, read_change(repository, policy, ends.base, ends.head, "main")


@pytest.mark.slow
def test_a_proposal_is_what_its_own_commits_do(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well."), "app.py": "1\n"}, remove=[MORE])
    world.on_main({"src/app.py": "print()\n"})
    world.repo.git("checkout", "--quiet", "change")
    env = {"GIT_AUTHOR_EMAIL": "button@example.com"}
    world.repo.git("merge", "--quiet", "--no-ff", "-m", "Merge main", "main", env=env)
    merge = world.repo.rev("HEAD")
    message = "Fix\n\nCo-authored-by: Kim <1+kim@users.noreply.github.com>"
    world.repo.git("commit", "--quiet", "--allow-empty", "-m", message)
    head = world.repo.rev("HEAD")
    # The queue squashes it, and puts another one on top.
    world.repo.git("checkout", "--quiet", "-b", "queue", "main")
    world.repo.git("merge", "--quiet", "--squash", "change")
    world.propose({TONE: "Be brief.\n"}, branch="queue", email="queue@example.com")
    repository, change = read(world, "queue")
    found = read_proposal(repository, change, "#1", head, fetch=False)
    assert {path.path for path in change.paths} == {TRIAGE, MORE, TONE}
    assert found.contents == {TRIAGE: entry(world, head, TRIAGE), MORE: None}
    assert found.merges == {merge}
    mine = world.repo.git("log", "-1", "--format=%ae", head)
    assert found.authors == {"author@example.com", mine}
    assert found.committers > found.authors
    assert "@kim" in found.committers
    assert "queue@example.com" not in found.committers
    assert "button@example.com" not in found.committers


def unrelated(world: World) -> str:
    world.repo.git("checkout", "--quiet", "--orphan", "elsewhere")
    return world.repo.commit({TONE: "Be brief.\n"})


@pytest.mark.slow
def test_a_proposal_that_is_not_here_or_from_nowhere_is_not_told(world: World) -> None:
    world.propose({TONE: "Be brief.\n"})
    repository, change = read(world)
    tree = world.repo.rev("change^{tree}")
    for commit in ("1" * 40, tree, unrelated(world)):
        found = read_proposal(repository, change, "#1", commit, fetch=True)
        assert found == Proposal("#1", commit)


@pytest.mark.slow
def test_nobody_can_tell_what_a_commit_from_nowhere_changes(world: World) -> None:
    world.propose({TONE: "Be brief.\n"})
    repository, change = read(world)
    commit = unrelated(world)
    contents = read_contents(repository, change, commit, fetch=False)
    assert contents == {TONE: entry(world, commit, TONE)}
    assert find_unseen(repository, change, commit, contents) == {TONE}


@pytest.mark.slow
def test_what_a_commit_leaves_alone_counts_while_the_target_leaves_it_too(world: World) -> None:
    old = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    world.on_main({TRIAGE: prompt("1.0.1", "Triage!"), MORE: "y\n"})
    files = {TRIAGE: prompt("1.1.0", "Well."), MORE: "z\n", TONE: "Be brief.\n"}
    new = world.propose(files, branch="new")
    repository, change = read(world, "new")
    contents = read_contents(repository, change, old, fetch=False)
    assert contents == {path: entry(world, old, path) for path in (TRIAGE, MORE, TONE)}
    assert find_unseen(repository, change, old, contents) == {MORE}
    assert find_unseen(repository, change, old, {}) == frozenset()
    absent: dict[str, ApprovalEntry | None] = {"prompts/none.md": None, TONE: contents[TONE]}
    assert find_unseen(repository, change, old, absent) == frozenset()
    seen = read_contents(repository, change, new, fetch=False)
    assert seen is not None
    assert find_unseen(repository, change, new, seen) == frozenset()
