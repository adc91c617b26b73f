"""Files of a work tree: those that count, those that are ignored, and one that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import GitError
from promptops.git.process import Git
from promptops.git.worktree import list_ignored, list_work_files, move_file

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def test_ignored_files_are_named_from_the_folder(repo: Repo) -> None:
    repo.write(".gitignore", "*.tmp\n/prompts/build/\n")
    repo.commit({"prompts/a.md": "x", "prompts/deep/x.md": "x"})
    for path in ("prompts/b.tmp", "prompts/build/c.md", "prompts/deep/d.tmp", "other/e.tmp"):
        repo.write(path, "x")
    # What is tracked is never ignored.
    repo.write("prompts/kept.tmp", "x")
    repo.git("add", "--force", "prompts/kept.tmp")
    git = Git.discover(repo.path)
    assert list_ignored(git, "prompts") == ["b.tmp", "build/", "deep/d.tmp"]


def test_a_folder_that_is_ignored_as_a_whole_is_one_entry(repo: Repo) -> None:
    repo.write(".gitignore", "/app/\n")
    repo.write("app/prompts/a.md", "x")
    git = Git.discover(repo.path)
    assert list_ignored(git, "app/prompts") == ["/"]
    assert list_ignored(git, "app") == ["/"]
    assert list_ignored(git, "none") == []


def test_all_files_that_could_be_committed_are_listed_once(repo: Repo) -> None:
    repo.write(".gitignore", "*.tmp\n")
    repo.commit({"b/tracked.md": "x", "gone.md": "x"})
    (repo.path / "gone.md").unlink()
    repo.write("a/new.md", "x")
    repo.write("a/new.tmp", "x")
    (repo.path / "link").symlink_to("nowhere")
    oid = repo.rev("HEAD:b/tracked.md")
    stages = "".join(f"100644 {oid} {stage}\tconflict.md\n" for stage in (1, 2, 3))
    repo.git("update-index", "--index-info", stdin=stages)
    found = [".gitignore", "a/new.md", "b/tracked.md", "conflict.md", "gone.md", "link"]
    assert list_work_files(Git.discover(repo.path / "b")) == found


def test_a_bare_repository_has_no_work_tree(make_repo: MakeRepo) -> None:
    git = Git.discover(make_repo("server.git", bare=True).path)
    assert (list_ignored(git, "prompts"), list_work_files(git)) == ([], [])


def test_a_file_moves_with_its_entry_in_the_index(repo: Repo) -> None:
    repo.commit({"a.md": "x"})
    repo.write("b.md", "untracked")
    git = Git.discover(repo.path)
    move_file(git, "a.md", "c.md")
    move_file(git, "b.md", "d.md")
    assert repo.git("status", "--porcelain") == "R  a.md -> c.md\n?? d.md"


def test_a_file_is_never_moved_over_another(repo: Repo) -> None:
    repo.commit({"a.md": "1", "b.md": "2"})
    with pytest.raises(GitError, match=r"cannot move a\.md: .*exists"):
        move_file(Git.discover(repo.path), "a.md", "b.md")
    assert (repo.path / "b.md").read_text() == "2"
