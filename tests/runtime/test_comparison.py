"""Which two states of a prompt are compared, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import NotFoundError, PromptNotFoundError, UsageError
from promptops.prompt.version import Level
from promptops.repository.repository import Repository, open_repository
from promptops.runtime.comparison import compare_refs, compare_revisions
from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

PATH = "prompts/a.md"


def build_repository(folder: Path) -> None:
    repo = Repo.init(folder)
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
        repo.commit({PATH: prompt_text(version, f"{version} {{{{ question }}}}")})
        accept(repo, "release", "a")
    repo.write(PATH, prompt_text("2.0.0", "New {{ question }}"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Releases 1.0.0 and 1.1.0, a candidate 2.0.0-rc.1, and a work tree beyond it."""
    copy_template(build_repository, tmp_path / "repo", tmp_path.parent)
    return open_repository(tmp_path / "repo")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ref", "before", "after"),
    [
        ("a", "1.1.0", "work tree"),
        ("a@latest", "1.1.0", "work tree"),
        ("a@2.0.0-rc.1", "2.0.0-rc.1", "work tree"),
        ("a@1.0.0..1.1.0", "1.0.0", "1.1.0"),
        ("a@1.1.0..1.0.0", "1.1.0", "1.0.0"),
        ("a@~1.0.0..2.0.0-rc.1", "1.0.0", "2.0.0-rc.1"),
        ("a@1.0.0..working", "1.0.0", "work tree"),
    ],
)
def test_the_sides_of_a_comparison(
    repository: Repository, ref: str, before: str, after: str
) -> None:
    (found,) = compare_refs(repository, [ref])
    assert (found.before, found.after) == (before, after)
    assert found.diff.level is Level.MINOR


@pytest.mark.slow
def test_without_a_final_release_the_greatest_candidate_counts(repo: Repo) -> None:
    repo.commit({PATH: prompt_text("1.0.0-rc.1")})
    accept(repo, "release", "a")
    (found,) = compare_refs(open_repository(repo.path), ["a"])
    assert (found.before, found.diff.is_empty) == ("1.0.0-rc.1", True)


def test_all_prompts_of_the_work_tree_are_the_default(repository: Repository) -> None:
    assert [one.diff.name for one in compare_refs(repository, [])] == ["a"]
    folder = repository.require_work_tree() / "prompts"
    (folder / "b.md").write_text(prompt_text())
    assert [one.before for one in compare_refs(repository, [])] == ["1.1.0", "nothing released"]


def test_revisions(repository: Repository) -> None:
    (found,) = compare_revisions(repository, "HEAD~2", "HEAD", [])
    assert (found.before, found.after) == ("HEAD~2", "HEAD")
    (found,) = compare_revisions(repository, "HEAD", None, ["a"])
    assert found.after == "work tree"
    (repository.require_work_tree() / PATH).unlink()
    (found,) = compare_revisions(repository, "HEAD", None, [])
    assert found.diff.after is None


@pytest.mark.parametrize("ref", ["a@", "a@..1.0.0", "a@1.0.0..", "../a", "a@1.0.0..-x"])
def test_what_is_no_comparison(repository: Repository, ref: str) -> None:
    with pytest.raises(UsageError):
        compare_refs(repository, [ref])


def test_what_does_not_exist(repository: Repository) -> None:
    with pytest.raises(PromptNotFoundError, match="there is no prompt b"):
        compare_refs(repository, ["b"])
    with pytest.raises(PromptNotFoundError, match="there is no prompt b at HEAD"):
        compare_revisions(repository, "HEAD", None, ["b"])
    with pytest.raises(NotFoundError, match="there is no commit nope"):
        compare_revisions(repository, "nope", None, [])
