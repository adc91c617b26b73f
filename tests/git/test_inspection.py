"""GitPython's view of remotes and configuration, and where it has none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from promptops.errors import GitError
from promptops.git.inspection import Configuration, Remote, Worktree, configuration, remotes
from promptops.git.inspection import worktrees as list_worktrees
from promptops.git.process import Git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def test_remotes_are_listed_with_their_addresses(repo: Repo) -> None:
    repo.git("remote", "add", "upstream", "https://example.com/b.git")
    repo.git("remote", "add", "origin", "https://example.com/a.git")
    repo.git("remote", "set-url", "--add", "origin", "https://example.com/c.git")
    assert remotes(Git.discover(repo.path)) == [
        Remote("origin", ("https://example.com/a.git", "https://example.com/c.git")),
        Remote("upstream", ("https://example.com/b.git",)),
    ]


def test_configuration_of_all_levels_is_read(repo: Repo, home: Path) -> None:
    git = Git.discover(repo.path)
    empty = Configuration(None, None, None, None, False, False, None)
    assert configuration(git) == empty
    with (home / ".gitconfig").open("a") as file:
        file.write("[user]\nname = Jane Doe\nemail = jane@example.com\n[tag]\ngpgSign\n")
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", "~/.ssh/key")
    repo.config("commit.gpgSign", "yes")
    repo.config("core.hooksPath", ".hooks")
    found = configuration(git)
    assert (found.user_name, found.user_email) == ("Jane Doe", "jane@example.com")
    assert (found.signing_format, found.signing_key) == ("ssh", "~/.ssh/key")
    assert (found.signs_commits, found.signs_tags, found.hooks_path) == (True, True, ".hooks")


def test_worktrees_are_listed(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.md": "text"})
    repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    git = Git.discover(tmp_path / "linked")
    assert list_worktrees(git) == [
        Worktree("main", repo.path),
        Worktree("other", tmp_path / "linked"),
    ]
    assert remotes(git) == []


def test_a_bare_repository_is_inspected(make_repo: MakeRepo) -> None:
    assert remotes(Git.discover(make_repo("bare.git", bare=True).path)) == []


def test_a_broken_configuration_is_a_clear_error(repo: Repo, home: Path) -> None:
    git = Git.discover(repo.path)
    assert configuration(git).user_name is None
    (home / ".gitconfig").write_text("name = x\n")
    with pytest.raises(GitError, match="GitPython cannot read the configuration") as caught:
        configuration(git)
    assert "git config --list" in (caught.value.hint or "")
    assert "\n" not in caught.value.message


def test_a_repository_that_is_gone_is_a_clear_error(repo: Repo) -> None:
    git = Git.discover(repo.path)
    shutil.rmtree(repo.path)
    with pytest.raises(GitError, match="GitPython cannot read"):
        remotes(git)


def test_a_sha256_repository_is_a_clear_error(make_repo: MakeRepo) -> None:
    git = Git.discover(make_repo(object_format="sha256").path)
    with pytest.raises(GitError, match="GitPython cannot read a repository with sha256"):
        remotes(git)


def test_importing_the_package_does_not_import_gitpython() -> None:
    program = (
        "import sys, promptops.git.inspection, promptops.git.remote, promptops.git.history\n"
        "assert 'git' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
