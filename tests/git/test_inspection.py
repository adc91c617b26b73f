"""GitPython's view of the configuration, and where it has none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import GitError
from promptops.git.inspection import Configuration, configuration
from promptops.git.process import Git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo


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


def test_a_bare_repository_is_inspected(make_repo: MakeRepo) -> None:
    found = configuration(Git.discover(make_repo("bare.git", bare=True).path))
    assert found.user_name is None


def test_a_broken_configuration_is_a_clear_error(repo: Repo, home: Path) -> None:
    git = Git.discover(repo.path)
    assert configuration(git).user_name is None
    (home / ".gitconfig").write_text("name = x\n")
    with pytest.raises(GitError, match="GitPython cannot read the configuration") as caught:
        configuration(git)
    assert caught.value.hint == snapshot("run `git config --list` to see where it is wrong")
    assert "\n" not in caught.value.message


def test_a_repository_that_is_gone_is_a_clear_error(repo: Repo) -> None:
    git = Git.discover(repo.path)
    shutil.rmtree(repo.path)
    with pytest.raises(GitError, match="GitPython cannot read"):
        configuration(git)


def test_a_sha256_repository_is_a_clear_error(make_repo: MakeRepo) -> None:
    git = Git.discover(make_repo(object_format="sha256").path)
    with pytest.raises(GitError, match="GitPython cannot read a repository with sha256"):
        configuration(git)


@pytest.mark.slow
def test_importing_the_package_does_not_import_gitpython() -> None:
    program = (
        "import sys, promptops.git.inspection, promptops.git.remote, promptops.git.history\n"
        "assert 'git' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
