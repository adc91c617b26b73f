"""What lies around the prompts folder, read from the same state of the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.repository.repository import open_repository
from tests.checks.pieces import config, found
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.parametrize("state", ["working", "staged", "committed"])
def test_owners_and_suites_are_those_of_the_same_state(repo: Repo, state: str) -> None:
    repo.write("prompts/a.md", prompt_text(requires_review="true"))
    suite = "schema: promptops.suite/v1\nprompt: b\nsamples: [{name: x}]\n"
    repo.write("evals/b.yaml", suite)
    repo.write("CODEOWNERS", "* @jane\n")
    repository = open_repository(repo.path)
    files = repository.working
    if state != "working":
        repo.git("add", ".")
        files = repository.staged
    if state == "committed":
        repo.git("commit", "-q", "-m", "x")
        files = repository.at("HEAD")
    assert found(validate(files, config())) == [
        "evals/b.yaml warning orphaned-evals",
        "prompts/a.md note missing-evals",
        "prompts/a.md:7:18 warning unreviewable-prompt",
    ]
