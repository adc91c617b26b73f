"""The index as a source of prompts, and what differs from HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import GitError, IntegrityError, NotAFileError
from promptops.git.index import IndexReader, list_staged, uncommitted_paths
from promptops.git.objects import ObjectReader
from promptops.git.process import Git

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def read_index(repo: Repo, folder: str) -> IndexReader:
    return IndexReader(ObjectReader(Git.discover(repo.path)), folder)


def test_what_is_staged_is_read_and_not_the_work_tree(repo: Repo) -> None:
    repo.write("prompts/a.md", "staged")
    repo.write("prompts/grüße/b.md", "x")
    repo.write("promptsx/c.md", "beside")
    repo.git("add", "--all")
    repo.write("prompts/a.md", "later")
    repo.write("prompts/new.md", "untracked")
    reader = read_index(repo, "prompts/")
    assert reader.paths() == ["a.md", "grüße/b.md"]
    assert reader.read("a.md") == b"staged"
    assert reader.read("new.md") is None
    assert reader.beside("promptsx").read("c.md") == b"beside"
    assert reader.beside("").paths() == ["prompts/a.md", "prompts/grüße/b.md", "promptsx/c.md"]


def test_a_folder_is_no_pattern(repo: Repo) -> None:
    repo.write("p*/a.md", "x")
    repo.write("prompts/b.md", "x")
    assert uncommitted_paths(Git.discover(repo.path), "p*") == {"p*/a.md"}
    repo.git("add", "--all")
    assert read_index(repo, "p*").paths() == ["a.md"]


def test_links_and_submodules_are_never_followed(repo: Repo) -> None:
    commit = repo.commit({"prompts/a.md": "x"})
    (repo.path / "prompts/link.md").symlink_to("a.md")
    repo.git("add", "--all")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},prompts/sub.md")
    reader = read_index(repo, "prompts")
    for path in ("link.md", "sub.md"):
        with pytest.raises(NotAFileError, match="links are never followed"):
            reader.read(path)


def test_a_conflict_has_to_be_resolved_first(repo: Repo) -> None:
    oid = repo.git("hash-object", "-w", "--stdin", stdin="x")
    stages = "".join(f"100644 {oid} {stage}\tprompts/a.md\n" for stage in (1, 2, 3))
    repo.git("update-index", "--index-info", stdin=stages)
    with pytest.raises(GitError, match=r"prompts/a\.md has an unresolved conflict"):
        read_index(repo, "prompts").paths()


def test_content_that_is_gone_is_named(repo: Repo) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{'a' * 40},prompts/a.md")
    with pytest.raises(IntegrityError, match=r"the content of a\.md is missing: object aaaa"):
        read_index(repo, "prompts").read("a.md")


def test_what_is_not_committed_is_listed_below_a_folder(repo: Repo, make_repo: MakeRepo) -> None:
    repo.commit({"prompts/a.md": "1", "prompts/b.md": "1", "prompts/c.md": "1", "x": "1"})
    repo.write(".gitignore", "*.tmp\n")
    repo.write("prompts/a.md", "2")
    repo.git("rm", "--quiet", "prompts/b.md")
    repo.write("prompts/new/d.md", "1")
    repo.write("prompts/e.tmp", "1")
    git = Git.discover(repo.path)
    found = {"prompts/a.md", "prompts/b.md", "prompts/new/d.md"}
    assert uncommitted_paths(git, "prompts") == found
    assert uncommitted_paths(git, "x") == frozenset()
    bare = make_repo("server.git", bare=True)
    assert uncommitted_paths(Git.discover(bare.path), "prompts") == frozenset()


def test_the_next_commit_is_told_by_letters(repo: Repo) -> None:
    repo.commit({"a": "1", "b": "1", "c": "1"})
    repo.write("a", "2")
    repo.write("d e", "1")
    repo.git("add", "a", "d e")
    repo.git("rm", "--quiet", "b")
    repo.write("c", "only in the work tree")
    repo.write("later", "1")
    repo.git("add", "--intent-to-add", "later")
    assert list_staged(Git.discover(repo.path)) == {"a": "M", "b": "D", "d e": "A"}
