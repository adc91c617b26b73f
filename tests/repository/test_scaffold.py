"""A setup writes what is missing, and says what it leaves; `init` is its command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.repository.repository import open_repository
from promptops.repository.scaffold import set_up
from promptops.repository.steps import ScaffoldStep, StepResult
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


def do(repo: Repo, **options: Any) -> dict[str, ScaffoldStep]:
    """Set up; give the steps that did or left something, by path."""
    steps = set_up(open_repository(repo.path), **options)
    return {step.path: step for step in steps if step.result is not StepResult.KEPT}


@pytest.mark.slow
def test_a_dry_run_says_the_same_and_writes_nothing(repo: Repo) -> None:
    everything = dict.fromkeys(
        ("deploys", "releases", "evals", "runs", "operations", "nightly"), True
    )
    before = do(repo, dry_run=True, **everything)
    assert [one.name for one in repo.path.iterdir()] == [".git"]
    after = do(repo, **everything)
    assert before.keys() == after.keys()
    assert do(repo, **everything) == {}


def test_a_setup_releases_numbers_only_where_the_gate_knows(repo: Repo) -> None:
    repo.write("promptops.toml", "")
    step = do(repo, releases=True)["promptops.toml"]
    assert step.result is StepResult.LEFT
    assert 'versions = "release"' in step.detail
    repo.write("promptops.toml", '[gate]\nversions = "release"\n')
    assert "promptops.toml" not in do(repo, releases=True)


@pytest.mark.parametrize(
    ("url", "files", "is_gitlab"),
    [
        (None, [], False),
        (None, [".gitlab-ci.yml"], True),
        (None, [".gitlab-ci.yml", ".github/x"], False),
        ("git@GitLab.example.com:a/b.git", [".github/x"], True),
        ("https://github.com/a/b", [".gitlab-ci.yml"], False),
    ],
)
def test_the_forge_is_that_of_the_remote_or_else_of_the_files(
    repo: Repo, url: str | None, files: list[str], is_gitlab: bool
) -> None:
    if url is not None:
        repo.config("remote.origin.url", url)
    for path in files:
        repo.write(path, "x: 1\n")
    steps = do(repo, dry_run=True)
    assert (".gitlab-ci.yml" in steps) == is_gitlab
    assert (".github/workflows/promptops.yml" in steps) != is_gitlab


@pytest.mark.parametrize(
    ("path", "text", "owner", "written"),
    [
        # In a file without rules they come at the end.
        ("CODEOWNERS", "# Ours.\n", "@a", ["# Ours.", "/prompts/ @a", "/evals/ @a"]),
        # The last rule that matches decides, so new ones come before.
        ("CODEOWNERS", "/prompts/x/ @x\n", "@a", ["/prompts/ @a", "/evals/ @a"]),
        # Nobody is known, so that nobody is asked.
        ("docs/CODEOWNERS", "", None, ["# /prompts/ @your-org/your-team"]),
    ],
)
def test_new_owners_take_nothing_from_others(
    repo: Repo, path: str, text: str, owner: str | None, written: list[str]
) -> None:
    repo.write(path, text)
    step = do(repo, owner=owner)[path]
    assert step.result is StepResult.EXTENDED
    found = (repo.path / path).read_text()
    assert found.splitlines()[: len(written)] == written
    assert text in found


def test_prompts_without_a_bound_are_named_with_the_limits(repo: Repo) -> None:
    repo.write("prompts/bounded.md", prompt_text(max_tokens="9"))
    repo.write("prompts/given.md", prompt_text(parameters="{max_completion_tokens: 9}"))
    repo.write("prompts/open.md", prompt_text())
    repo.write("prompts/broken.md", "---\nversion: [\n---\n")
    step = do(repo, runs=True)["promptops.toml"]
    assert step.detail == ("limits and a run log; give open a max_tokens, or runs are refused")
    config = open_repository(repo.path).config
    assert {"guards", "log"} <= set(config.tables)


def test_tables_that_are_there_stay_and_those_in_pyproject_are_left(repo: Repo) -> None:
    repo.write("promptops.toml", "[guards]\n[log]\n")
    assert "promptops.toml" not in do(repo, runs=True)
    (repo.path / "promptops.toml").unlink()
    text = "[tool.promptops]\n[tool.promptops.log]\n"
    repo.write("pyproject.toml", text)
    step = do(repo, runs=True)["pyproject.toml"]
    assert step.result is StepResult.LEFT
    assert "[tool.promptops.guards]\n" in step.detail
    assert "[tool.promptops.log]" not in step.detail
    assert (repo.path / "pyproject.toml").read_text() == text
