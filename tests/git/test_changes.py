"""What a branch has touched, and how large objects are, as git tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.git.changes import list_touched
from promptops.git.objects import list_sizes
from promptops.git.process import Git

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def git_of(repo: Repo) -> Git:
    return Git.discover(repo.path)


def test_what_was_changed_and_changed_back_is_touched(repo: Repo) -> None:
    base = repo.commit({"a": "1", "b": "1", "c": "1"})
    repo.commit({"a": "2"})
    tip = repo.commit({"a": "1", "c": "2"})
    assert list_touched(git_of(repo), base, tip, ["a", "b"]) == {"a"}
    assert list_touched(git_of(repo), tip, base, ["a", "b"]) == set()
    assert list_touched(git_of(repo), base, base, ["a"]) == set()


@pytest.mark.slow
def test_what_only_a_merge_changed_is_touched(repo: Repo) -> None:
    base = repo.commit({"a": "1", "b": "1"})
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit({"x": "1"})
    repo.git("checkout", "--quiet", "main")
    repo.commit({"y": "1"})
    repo.git("merge", "--quiet", "--no-commit", "side")
    repo.commit({"a": "2"})
    tip = repo.commit({"z": "1"})
    assert list_touched(git_of(repo), base, tip, ["a", "b"]) == {"a"}


def test_removals_modes_and_renames_are_touches(repo: Repo) -> None:
    base = repo.commit({"a": "text\n" * 9, "b": "1", "c": "1"})
    repo.git("mv", "a", "d")
    repo.git("rm", "--quiet", "b")
    repo.git("update-index", "--chmod=+x", "c")
    repo.git("commit", "--quiet", "-m", "x")
    touched = list_touched(git_of(repo), base, repo.rev("HEAD"), ["a", "b", "c", "d"])
    assert touched == {"a", "b", "c", "d"}


@pytest.mark.parametrize("number", [3, 500])
def test_odd_names_and_many_of_them_are_looked_up_as_they_are(repo: Repo, number: int) -> None:
    odd = ["*", ":(top)x", "sp ace/\u00e9", 'qu"ote', "b"]
    base = repo.commit({**dict.fromkeys(odd, "1"), "a": "1"})
    tip = repo.commit({"sp ace/\u00e9": "2", ":(top)x": "2", "a": "2"})
    wanted = [*odd, *(f"none/{at}" for at in range(number))]
    assert list_touched(git_of(repo), base, tip, wanted) == {"sp ace/\u00e9", ":(top)x"}


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_sizes_come_with_kinds_and_without_what_is_missing(
    make_repo: MakeRepo, object_format: str
) -> None:
    repo = make_repo(object_format=object_format)
    commit = repo.commit({"a": "12345"})
    blob = repo.rev("HEAD:a")
    missing = "0" * len(blob)
    found = list_sizes(git_of(repo), [blob, missing, commit])
    assert found[blob] == ("blob", 5)
    assert found[commit][0] == "commit"
    assert missing not in found
    assert list_sizes(git_of(repo), []) == {}
