"""The prompt that drafts samples is written once, and the configuration names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.repository.repository import open_repository
from promptops.repository.scenario_prompt import NAME, write_scenario_prompt
from promptops.repository.steps import StepResult

if TYPE_CHECKING:
    from tests.repositories import Repo


def write(repo: Repo, *, dry_run: bool = False) -> list[tuple[str, StepResult, str]]:
    steps = write_scenario_prompt(open_repository(repo.path), dry_run=dry_run)
    return [(step.path, step.result, step.detail) for step in steps]


def test_prompt_and_suite_are_valid_and_named_in_the_configuration(repo: Repo) -> None:
    write(repo, dry_run=True)
    assert [one.name for one in repo.path.iterdir()] == [".git"]
    assert [result for _, result, _ in write(repo)] == [StepResult.WRITTEN] * 3
    repository = open_repository(repo.path)
    assert repository.config.eval.scenarios == NAME
    assert validate(repository.working, repository.config).findings == ()
    assert write(repo) == [("promptops.toml", StepResult.KEPT, "names a scenario prompt already")]


def test_a_configuration_is_extended(repo: Repo) -> None:
    repo.write("promptops.toml", 'prompts = "p"')
    assert write(repo)[0][0] == f"p/{NAME}.md"
    text = (repo.path / "promptops.toml").read_text()
    assert text == f'prompts = "p"\n\n[eval]\nscenarios = "{NAME}"\n'


@pytest.mark.parametrize(
    ("path", "text", "detail"),
    [
        ("promptops.toml", "[eval]\nconcurrency = 2\n", "add to its table for evals:"),
        ("pyproject.toml", "[tool.promptops]\n", "add this table:\n[tool.promptops.eval]"),
    ],
)
def test_what_cannot_be_extended_safely_is_left(
    repo: Repo, path: str, text: str, detail: str
) -> None:
    repo.write(path, text)
    assert write(repo)[-1] == (path, StepResult.LEFT, f'{detail}\nscenarios = "{NAME}"')
    assert (repo.path / path).read_text() == text
