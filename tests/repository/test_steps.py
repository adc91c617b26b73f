"""One step of a setup writes one file: nothing is overwritten, and nothing outside is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import NotAFileError, RefusedError
from promptops.repository.repository import open_repository
from promptops.repository.steps import (
    StepResult,
    append,
    place_file,
    prepend,
    read_text,
    write_new,
)

if TYPE_CHECKING:
    from promptops.repository.repository import Repository
    from tests.repositories import Repo


@pytest.fixture
def repository(repo: Repo) -> Repository:
    return open_repository(repo.path)


def test_a_new_file_is_written_with_its_folders_and_kept_the_second_time(
    repo: Repo, repository: Repository
) -> None:
    file = repo.path / "a/b/c.txt"
    assert write_new(repository, "a/b/c.txt", "1\n", dry_run=True).result is StepResult.WRITTEN
    assert not file.parent.exists()
    write_new(repository, "a/b/c.txt", "1\n", dry_run=False)
    assert write_new(repository, "a/b/c.txt", "2\n", dry_run=False).result is StepResult.KEPT
    assert file.read_bytes() == b"1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "x\ny\n"),
        ("a\n", "a\nx\ny\n"),
        ("a", "a\nx\ny\n"),
        ("a\r\n", "a\r\nx\r\ny\r\n"),
        ("a\r\nb", "a\r\nb\r\nx\r\ny\r\n"),
    ],
)
def test_lines_are_appended_with_the_file_s_own_newline(
    repo: Repo, repository: Repository, before: str, after: str
) -> None:
    file = repo.write("a.txt", before)
    step = append(repository, "a.txt", before, "x\ny", "why", dry_run=True)
    assert (step.result, step.detail, file.read_bytes()) == (
        StepResult.EXTENDED,
        "why",
        before.encode(),
    )
    append(repository, "a.txt", before, "x\ny", "why", dry_run=False)
    assert file.read_bytes() == after.encode()


def test_lines_of_a_missing_file_are_a_new_file(repo: Repo, repository: Repository) -> None:
    step = append(repository, "a.txt", "", "x", "why", dry_run=False)
    assert (step.result, step.detail) == (StepResult.WRITTEN, "why")
    assert (repo.path / "a.txt").read_text() == "x\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n", "x\ny\na\n"),
        ("\ufeffa\r\n", "\ufeffx\r\ny\r\na\r\n"),
    ],
)
def test_rules_are_put_before_others_but_after_the_byte_order_mark(
    repo: Repo, repository: Repository, before: str, after: str
) -> None:
    file = repo.write("a.txt", before)
    prepend(repository, "a.txt", before, ["x", "y"], "why", dry_run=True)
    assert file.read_bytes() == before.encode()
    step = prepend(repository, "a.txt", before, ["x", "y"], "why", dry_run=False)
    assert (step.result, file.read_bytes()) == (StepResult.EXTENDED, after.encode())


def test_a_file_is_a_text_or_missing(repo: Repo) -> None:
    assert read_text(repo.path / "none") is None
    assert read_text(repo.write("a", "\xe4")) == "\xe4"
    with pytest.raises(RefusedError, match="b is not UTF-8"):
        read_text(repo.write("b", b"\xff"))


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/c.txt"])
def test_no_link_on_the_way_is_followed(repo: Repo, repository: Repository, link: str) -> None:
    place = repo.path / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(repo.path.parent)
    with pytest.raises(NotAFileError, match=f"{link} is a symbolic link"):
        place_file(repository, "a/b/c.txt")
