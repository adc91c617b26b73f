"""The test repositories themselves: hermetic and repeatable."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.repositories import Repo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo

# What git notes of its own work, which nothing here reads.
NOTES = ("logs/", "index", "COMMIT_EDITMSG")


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


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and empty folder of a repository, but git's notes."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name.startswith(NOTES) or (path.is_dir() and any(path.iterdir())):
            continue
        found[name] = (path.stat().st_mode, b"" if path.is_dir() else path.read_bytes())
    return found


@pytest.mark.story
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("branches", [("main",), ("main", "promptops/production"), ("other",), ()])
def test_what_is_copied_is_what_git_makes(
    object_format: str, branches: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make() -> list[dict[str, tuple[int, bytes]]]:
        repo = Repo.init(tmp_path / "world" / "repo", object_format=object_format)
        for branch in branches:
            repo.git("checkout", "--quiet", "-B", branch)
            assert repo.commit({f"{branch}.md": "text\n"}) == repo.git("rev-parse", "HEAD")
            assert repo.tag(f"prompts/{branch}@1.0.0") == repo.git(
                "rev-parse", f"refs/tags/prompts/{branch}@1.0.0"
            )
        remote = repo.publish(tmp_path / "world" / "remote.git")
        assert remote.refs() == repo.refs("refs/heads/") | repo.refs("refs/tags/")
        repo.git("fsck", "--strict")
        remote.git("fsck", "--strict")
        found = [contents(repo.path / ".git"), contents(remote.path)]
        shutil.rmtree(tmp_path / "world")
        return found

    copied = make()
    monkeypatch.setattr(Repo, "_copy_to", lambda *_: False)
    monkeypatch.setattr("tests.repositories._is_redirected", lambda: True)
    assert make() == copied
