"""The folder from which git runs hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.git.hooks import hooks_folder
from promptops.git.process import Git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def test_hooks_are_in_the_repository_unless_it_says_where(repo: Repo, tmp_path: Path) -> None:
    assert hooks_folder(Git.discover(repo.path)) == repo.path / ".git/hooks"
    repo.config("core.hooksPath", "tools/hooks")
    (repo.path / "app").mkdir()
    assert hooks_folder(Git.discover(repo.path / "app")) == repo.path / "tools/hooks"
    repo.config("core.hooksPath", str(tmp_path / "elsewhere"))
    assert hooks_folder(Git.discover(repo.path)) == tmp_path / "elsewhere"


def test_work_trees_share_the_hooks_of_their_repository(repo: Repo, tmp_path: Path) -> None:
    repo.commit()
    repo.git("worktree", "add", "--quiet", str(tmp_path / "second"))
    assert hooks_folder(Git.discover(tmp_path / "second")) == repo.path / ".git/hooks"


def test_a_bare_repository_has_its_hooks_beside_its_refs(make_repo: MakeRepo) -> None:
    server = make_repo("server.git", bare=True)
    assert hooks_folder(Git.discover(server.path)) == server.path / "hooks"
