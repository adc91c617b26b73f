"""What a push is judged by: the rules before it, and the refs after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import GitError
from promptops.forge.codeowners import Dialect
from promptops.protection.push import PushCommand
from promptops.protection.push.context import open_context, read_protection
from promptops.repository.repository import open_repository
from tests.protection.push.server import GUARDED, Server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", ["[gate]\nbranch = ['main']\n", "[gate]\nbranches = ['release/*']\n", "x = ["]
)
def test_rules_that_cannot_be_read_let_nothing_pass(tmp_path: Path, settings: str) -> None:
    server = Server.open(tmp_path, files={"promptops.toml": settings})
    server.refuse("main:refs/heads/topic", why="the policy on main cannot be read")


@pytest.mark.slow
def test_without_a_branch_at_head_nobody_can_tell(server: Server) -> None:
    server.remote.git("update-ref", "--no-deref", "HEAD", server.clone.rev("main"))
    server.refuse("main:refs/heads/topic", why="HEAD of this repository is not on a branch")


def test_a_ref_after_the_push_is_what_git_will_let_it_be(repo: Repo) -> None:
    """A command that expects another object than there is fails, whatever the hook says."""
    first = repo.commit()
    second = repo.commit()
    commands = [
        PushCommand("refs/heads/main", second, first),
        PushCommand("refs/heads/late", first, None),
        PushCommand("refs/heads/new", None, first),
    ]
    repo.git("update-ref", "refs/heads/late", second)
    context = open_context(open_repository(repo.path), commands, {})
    assert context.before("refs/heads/main") == second
    assert context.after("refs/heads/main") == first
    assert context.after("refs/heads/late") == second
    assert (context.before("refs/heads/new"), context.after("refs/heads/new")) == (None, first)
    assert context.after("refs/heads/none") is None


def test_commits_are_merged_when_a_guarded_branch_has_them_after_the_push(repo: Repo) -> None:
    base = repo.commit({"promptops.toml": GUARDED})
    topic = repo.commit()
    repo.git("update-ref", "refs/heads/main", base)
    repository = open_repository(repo.path)
    alone = open_context(repository, [], {})
    assert alone.protection.guarded == {"refs/heads/main", "refs/heads/stable"}
    assert alone.find_ungated([base, topic]) == alone.find_unmerged([base, topic]) == {topic}
    stable = open_context(repository, [PushCommand("refs/heads/stable", None, topic)], {})
    assert stable.find_ungated([topic]) == set()
    assert stable.find_unmerged([topic]) == {topic}


@pytest.mark.slow
def test_a_cut_off_history_cannot_tell_what_was_merged(repo: Repo, tmp_path: Path) -> None:
    repo.commit()
    repo.commit()
    shallow = repo.clone(tmp_path / "shallow", "--bare", "--depth=1")
    context = open_context(open_repository(shallow.path), [], {})
    assert context.find_ungated([shallow.rev("main")]) == set()
    other = shallow.git("commit-tree", "main^{tree}", "-m", "perhaps older")
    with pytest.raises(GitError, match="this repository is shallow"):
        context.find_ungated([other])


def test_before_the_first_push_the_protected_branch_has_the_usual_rules(repo: Repo) -> None:
    protection = read_protection(open_repository(repo.path))
    assert (protection.branch, protection.tip) == ("refs/heads/main", None)
    assert protection.guarded == {"refs/heads/main"}


@pytest.mark.parametrize(
    ("variables", "dialect"), [({}, None), ({"GL_REPOSITORY": "project-3"}, Dialect.GITLAB)]
)
def test_the_dialect_of_owners_is_the_servers(
    repo: Repo, variables: dict[str, str], dialect: Dialect | None
) -> None:
    assert open_context(open_repository(repo.path), [], variables).dialect is dialect
