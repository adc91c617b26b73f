"""Settings are read with one process, and switches are what git takes them for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import GitError
from promptops.git.process import Git
from promptops.git.settings import is_on, is_set, last_value, read_settings
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_all_values_are_read_in_their_order(repo: Repo) -> None:
    for name, url in (("two words", "a"), ("Origin", "b"), ("Origin", "c\nd")):
        repo.git("config", "--add", f"remote.{name}.url", url)
    settings = read_settings(Git.discover(repo.path))
    assert settings["remote.Origin.url"] == ["b", "c\nd"]
    assert last_value(settings, "remote.two words.url") == "a"
    assert last_value(settings, "remote.nobody.url") is None


def test_a_repository_knows_its_remotes_that_have_a_url(repo: Repo) -> None:
    assert open_repository(repo.path).remotes == ()
    repo.git("config", "remote.none.fetch", "+refs/heads/*:refs/remotes/none/*")
    for name in ("two words", "Origin"):
        repo.git("config", f"remote.{name}.url", "a")
    assert open_repository(repo.path).remotes == ("two words", "Origin")


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("1k", True), ("off", False)])
def test_whether_commits_are_signed_is_for_git_to_say(
    repo: Repo, value: str, *, expected: bool
) -> None:
    assert not open_repository(repo.path).signs_commits
    repo.git("config", "commit.gpgSign", value)
    assert is_set(Git.discover(repo.path), "commit.gpgSign") is expected
    assert open_repository(repo.path).signs_commits is expected


def test_a_switch_that_is_neither_on_nor_off_is_an_error(repo: Repo) -> None:
    repo.git("config", "commit.gpgSign", "perhaps")
    with pytest.raises(GitError, match="bad"):
        assert open_repository(repo.path).signs_commits


def test_a_name_without_a_value_is_on(repo: Repo) -> None:
    path = repo.path / ".git" / "config"
    path.write_text(f"{path.read_text('utf-8')}[commit]\n\tgpgSign\n", "utf-8")
    git = Git.discover(repo.path)
    assert is_on(read_settings(git), "commit.gpgsign")
    assert is_set(git, "commit.gpgSign")
