"""What lies around the prompts folder, read from the same state of the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.context import read_context, read_costs
from promptops.checks.engine import validate
from promptops.checks.subject import CostLimits
from promptops.repository.repository import open_repository
from tests.checks.pieces import Folder, config, found
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


@pytest.mark.parametrize(
    ("owners", "found", "fault"),
    [
        ({}, None, None),
        ({"CODEOWNERS": "* @jane\n/prompts/team/ @john\n"}, ["@john"], None),
        ({"CODEOWNERS": "* @jane\n" * 400_000}, None, "CODEOWNERS"),
    ],
)
def test_owners_are_asked_for_paths_below_the_prompts_folder(
    owners: dict[str, str], found: list[str] | None, fault: str | None
) -> None:
    context = read_context(Folder(owners), config())
    assert (context.owners and list(context.owners("team/a.md"))) == found
    assert (context.owners_fault and context.owners_fault.path) == fault


def test_suites_are_listed_and_read_from_the_top() -> None:
    folder = Folder({"quality/team/a.yaml": "prompt: team/a", "evals/b.yaml": "x"})
    context = read_context(folder, config('evals = "quality"'))
    assert context.suites == frozenset({"quality/team/a.yaml"})
    assert context.default_suite("team/a") == "quality/team/a.yaml"
    assert context.read_suite("quality/team/a.yaml") == "prompt: team/a"
    assert context.read_suite("quality/none.yaml") == ""
    assert read_context(Folder({}), config()).suites is None


def test_limits_and_prices_are_known_where_they_are_configured() -> None:
    find_limits, is_free = read_costs(config("[guards.prompts.a]\nspend_per_day = 1\n"))
    assert find_limits("a") == CostLimits('guards.prompts."a".spend_per_day', None)
    assert find_limits("b") is None
    models = ("echo", "openai/gpt-4o", "nobody/nothing")
    assert [is_free(model) for model in models] == [True, False, None]
    assert read_costs(config())[0]("a") is None
