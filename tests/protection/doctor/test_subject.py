"""What the doctor looks at: the files that the gate uses, of the default branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.forge.codeowners import Dialect
from tests.protection.doctor.pieces import open_subject

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo


def test_before_the_first_commit_the_work_tree_counts(repo: Repo) -> None:
    repo.write("CODEOWNERS", "/prompts/ @jane\n")
    repo.write("promptops.toml", 'prompts = "texts"\n')
    subject = open_subject(repo)
    assert (subject.base, subject.where, subject.url) == (None, "the work tree", None)
    assert subject.read("promptops.toml") == b'prompts = "texts"\n'
    assert subject.paths == ["CODEOWNERS", "promptops.toml"]
    assert subject.config.prompts == "texts"


def test_files_are_those_of_the_default_branch(sound: Repo) -> None:
    sound.write("promptops.toml", 'prompts = "texts"\n')
    sound.write("CODEOWNERS", "")
    subject = open_subject(sound)
    assert subject.where == "origin/main"
    assert subject.read("promptops.toml") is None
    assert subject.config.prompts == "prompts"
    assert "promptops.toml" not in subject.paths
    assert subject.is_owned("anything/at/all")


def test_nothing_is_owned_without_an_owners_file(repo: Repo) -> None:
    repo.write("a.md", "x")
    assert not open_subject(repo).is_owned("a.md")


def test_the_dialect_is_that_of_the_files(repo: Repo) -> None:
    repo.write(".gitlab-ci.yml", "a: {}\n")
    assert open_subject(repo).dialect is Dialect.GITLAB


def test_a_bare_repository_has_no_remote_to_ask(make_repo: MakeRepo) -> None:
    server = make_repo("server.git", bare=True)
    server.git("remote", "add", "origin", "https://example.com/a.git")
    assert open_subject(server).url is None
