from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import GitError
from promptops.git.blame import blame_file, list_touching, read_parents
from promptops.git.process import Git

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def test_each_line_has_the_commit_that_wrote_it(repo: Repo) -> None:
    first = repo.commit({"a.md": "one\ntwo\n"})
    repo.write("a.md", "one\nzwei\nthree\n")
    repo.git("commit", "-aqm", "x", "--author", "Jörg <jörg@example.com>")
    second = repo.rev("HEAD")
    repo.write("a.md", "one\nzwei\nthree\nfour")

    lines = blame_file(Git.discover(repo.path), "a.md") or []

    assert [(one.line, one.text, one.commit) for one in lines] == [
        (1, "one", first),
        (2, "zwei", second),
        (3, "three", second),
        (4, "four", None),
    ]
    assert [one.author.name if one.author else None for one in lines] == [
        "Jane Doe",
        "Jörg",
        "Jörg",
        None,
    ]


def test_a_commit_can_be_asked_about(make_repo: MakeRepo) -> None:
    repo = make_repo(object_format="sha256")
    first = repo.commit({"a.md": "one\n"})
    repo.commit({"a.md": "two\n"})

    (line,) = blame_file(Git.discover(repo.path), "a.md", first) or []

    assert (line.text, line.commit) == ("one", first)


@pytest.mark.parametrize("name", ["-n", "a b", "ä.md", ":(glob)*", "--help"])
def test_a_path_is_never_taken_for_anything_else(repo: Repo, name: str) -> None:
    repo.commit({name: "one\n", "other": "two\n"})

    (line,) = blame_file(Git.discover(repo.path), name) or []

    assert line.text == "one"


def test_what_no_commit_has_is_none(repo: Repo) -> None:
    repo.write("a.md", "one\n")
    git = Git.discover(repo.path)

    assert blame_file(git, "a.md") is None
    repo.commit({"b.md": "b"})
    repo.write("c.md", "one\n")
    assert blame_file(git, "c.md") is None


def test_an_empty_file_has_no_lines(repo: Repo) -> None:
    repo.commit({"a.md": ""})

    assert blame_file(Git.discover(repo.path), "a.md") == []


def test_lines_that_look_like_blame_are_text(repo: Repo) -> None:
    text = f"{'0' * 40} 1 1 1\nauthor Nobody\n\tfilename x\n"
    repo.commit({"a.md": text})

    lines = blame_file(Git.discover(repo.path), "a.md") or []

    assert [one.text for one in lines] == text.splitlines()


def test_parents_are_read_of_all_that_is_behind(repo: Repo) -> None:
    first = repo.commit({"a": "1"})
    second = repo.commit({"a": "2"})
    git = Git.discover(repo.path)

    assert read_parents(git, [second]) == {second: (first,), first: ()}
    assert read_parents(git, []) == {}
    with pytest.raises(GitError):
        read_parents(git, ["0" * 40])


def test_commits_that_touched_files_come_newest_first(repo: Repo) -> None:
    first = repo.commit({"a": "1", "b": "1"}, "First\n\nwith a body")
    repo.commit({"b": "2"}, "Other")
    third = repo.commit({"a": "3"}, "Third")
    git = Git.discover(repo.path)

    assert [(one.oid, one.subject) for one in list_touching(git, ["a"], third)] == [
        (third, "Third"),
        (first, "First"),
    ]
    assert [one.oid for one in list_touching(git, ["a"], third, first)] == [third]
    assert list_touching(git, ["a*"], third) == []
