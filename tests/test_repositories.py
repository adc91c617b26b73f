"""The test repositories themselves: hermetic and repeatable."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def test_the_same_commit_twice_has_one_id(make_repo: MakeRepo) -> None:
    first = make_repo("one").commit({"a.md": "text\n"})
    second = make_repo("two").commit({"a.md": "text\n"})
    assert first == second


def test_no_configuration_but_ours_is_read(repo: Repo, home: Path) -> None:
    origins = repo.git("config", "--list", "--show-origin", "--name-only")
    files = {line.split("\t")[0] for line in origins.splitlines()}
    assert files == {f"file:{home / '.gitconfig'}", "file:.git/config"}


def test_a_published_repository_can_be_cloned(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit({"a.md": "text\n"})
    tag = repo.tag("prompts/a@1.0.0")
    clone = repo.publish(tmp_path / "remote.git").clone(tmp_path / "clone")
    assert clone.rev("HEAD") == commit
    assert clone.refs("refs/tags/") == {"refs/tags/prompts/a@1.0.0": tag}
