"""Our hook in the configuration of pre-commit: written, added, or left to the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from promptops.repository import hook_entry
from promptops.repository.hook_entry import extend_hooks, write_hook
from promptops.repository.origin import Origin
from promptops.repository.repository import open_repository
from promptops.repository.steps import StepResult

if TYPE_CHECKING:
    from tests.repositories import Repo

PATH = ".pre-commit-config.yaml"
ENTRY = "- repo: local\n  hooks:\n    - id: x"


@pytest.mark.parametrize(
    "text",
    [
        "repos:\n- repo: a\n  hooks:\n  - id: b\n",
        "repos:\n  - repo: a\n    hooks:\n      - id: b",
        "repos:\r\n  - repo: a\r\n    hooks: [{id: b}]\r\n",
        "# top\nrepos:\n  # one\n  - repo: a\n    hooks:\n    - id: b # c\n\n# end\nci: 1\n",
        "repos:\n- repo: a\n  hooks:\n  - id: b\n    x: |\n      x\n      y\nci: 1\n",
        "repos:\n  - repo: a\n    hooks: [\n      {id: b}\n    ]\nci: 1\n",
        "ci: 1\nrepos:\n    -   repo: a\n        hooks:\n        -   id: b\n\n\n",
    ],
)
def test_a_hook_is_added_and_every_other_line_stays(text: str) -> None:
    extended = extend_hooks(text, ENTRY)
    assert extended is not None
    before, after = yaml.safe_load(text), yaml.safe_load(extended)
    assert after["repos"] == [*before["repos"], *yaml.safe_load(ENTRY)]
    kept = extended.splitlines()
    assert [line for line in text.splitlines() if line not in kept] == []


@pytest.mark.parametrize("text", ["", "repos: []", "repos: [{repo: a}]", "x: [", "- a", "repos: 3"])
def test_a_hook_is_not_added_where_that_is_not_safe(text: str) -> None:
    assert extend_hooks(text, ENTRY) is None


def write(repo: Repo, *, dry_run: bool = False) -> tuple[StepResult, str]:
    step = write_hook(open_repository(repo.path), dry_run=dry_run)
    assert step.path == PATH
    return step.result, step.detail


def test_a_new_file_has_the_hook_alone(repo: Repo) -> None:
    repo.write("promptops.toml", "prompts = 'a.b'\n")
    assert write(repo, dry_run=True)[0] is StepResult.WRITTEN
    assert not (repo.path / PATH).exists()
    write(repo)
    ((one,),) = [each["hooks"] for each in yaml.safe_load((repo.path / PATH).read_text())["repos"]]
    assert one["entry"] == "promptops validate --staged"
    assert one["files"] == r"^(a\.b/|evals/|promptops\.toml$)"
    assert write(repo) == (StepResult.KEPT, "has a promptops hook")


@pytest.mark.parametrize(
    ("origin", "language", "dependencies"),
    [
        (Origin("/opt/promptops", is_folder=True), "system", None),
        (Origin("==1.2.0"), "python", ["git-promptops==1.2.0"]),
    ],
)
def test_what_other_machines_cannot_install_must_be_there(
    repo: Repo,
    monkeypatch: pytest.MonkeyPatch,
    origin: Origin,
    language: str,
    dependencies: list[str] | None,
) -> None:
    monkeypatch.setattr(hook_entry, "find_origin", lambda: origin)
    write(repo)
    (hook,) = yaml.safe_load((repo.path / PATH).read_text())["repos"][0]["hooks"]
    assert (hook["language"], hook.get("additional_dependencies")) == (language, dependencies)


def test_hooks_of_others_are_extended(repo: Repo) -> None:
    text = "repos:\n- repo: a\n  hooks:\n  - id: b\n"
    repo.write(PATH, text)
    assert write(repo, dry_run=True)[0] is StepResult.EXTENDED
    assert (repo.path / PATH).read_text() == text
    write(repo)
    found = yaml.safe_load((repo.path / PATH).read_text())["repos"]
    assert [one["repo"] for one in found] == ["a", "local"]


def test_a_file_that_cannot_be_extended_is_left_with_the_lines_to_add(repo: Repo) -> None:
    repo.write(PATH, "repos: []\n")
    result, detail = write(repo)
    assert result is StepResult.LEFT
    assert yaml.safe_load(detail.partition("\n")[2])[0]["hooks"][0]["id"] == "promptops-validate"
    assert (repo.path / PATH).read_text() == "repos: []\n"
