"""Which repository is meant: the one that the caller named, whatever the environment says."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.repository.repository import open_repository
from tests.cli.running import run
from tests.conftest import move_in
from tests.prompts import prompt_text
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Repo, Repo]]:
    """Two repositories with one prompt live in each, and a second work tree `a2` of the first."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        folder = tmp_path_factory.mktemp("pair")
        repo, other = (Repo.init(folder / name) for name in ("a", "b"))
        for one, word in ((repo, "A"), (other, "B")):
            one.write("prompts/a.md", prompt_text(body=f"{word} {{{{ question }}}}"))
            one.commit()
            for command in (["release", "--all"], ["promote", "a", "--to", "staging"]):
                assert run(one, *command).exit_code == 0
            assert run(one, "promote", "a", "--to", "production").exit_code == 0
        repo.git("worktree", "add", "-q", "--detach", str(folder / "a2"))
        yield repo, other


@pytest.mark.story
@pytest.mark.parametrize(
    "variables",
    [
        {"GIT_DIR": "{a}/.git/worktrees/a2"},
        {"GIT_DIR": "{a}/.git", "GIT_WORK_TREE": "{a}"},
        {"GIT_WORK_TREE": "{a}"},
        {"GIT_OBJECT_DIRECTORY": "{a}/.git/objects"},
        {"GIT_COMMON_DIR": "{a}/.git"},
        {"GIT_INDEX_FILE": "{a}/.git/index"},
    ],
)
def test_a_named_repository_beats_the_environment(
    pair: tuple[Repo, Repo], monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    a, b = pair
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(a=a.path))
    with promptops.open(b.path) as registry:
        for ref in ("a@production", "a@working", "a@1.0.0"):
            assert registry.get(ref).render(question="?")[0]["content"] == "B ?"
    shown = run(b, "render", "a@production", "--var", "question=?")
    assert shown.stdout.strip() == "B ?"


def test_the_index_that_a_hook_hands_on_counts(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("prompts/a.md", prompt_text())
    repo.commit()
    index = repo.path / ".git" / "next-index"
    index.write_bytes((repo.path / ".git" / "index").read_bytes())
    repo.write("prompts/b.md", prompt_text())
    monkeypatch.setenv("GIT_INDEX_FILE", str(index))
    subprocess.run(["git", "add", "prompts/b.md"], cwd=repo.path, check=True)
    handed_on = open_repository(repo.path).git.child_environment()
    assert handed_on["GIT_INDEX_FILE"] == str(index)
    report = json.loads(run(repo, "validate", "--staged", "--format", "json").stdout)
    # Only what the commit touches: the index that git keeps has nothing that is not committed.
    assert report["summary"]["prompts"] == 1


@pytest.mark.slow
def test_what_git_ignores_is_not_judged(repo: Repo) -> None:
    repo.write(".gitignore", "prompts/local/\n.ipynb_checkpoints/\n*.scratch.md\nprompts/kept.md\n")
    for path in (
        "prompts/support/triage.md",
        "prompts/local/draft.md",
        "prompts/.ipynb_checkpoints/triage-checkpoint.md",
        "prompts/support/x.scratch.md",
        "prompts/kept.md",
    ):
        repo.write(path, prompt_text())
    repo.git("add", "-f", "prompts/kept.md")
    repo.commit()
    listed = json.loads(run(repo, "list", "--format", "json").stdout)
    # A tracked file stays a prompt, whatever .gitignore says.
    assert [one["name"] for one in listed["prompts"]] == ["kept", "support/triage"]
    assert json.loads(run(repo, "validate", "--format", "json").stdout)["summary"]["prompts"] == 2
    assert "draft" not in run(repo, "status").output


def test_a_folder_that_is_ignored_as_a_whole_holds_no_prompts(repo: Repo) -> None:
    repo.write(".gitignore", "prompts/\n")
    repo.write("prompts/a.md", prompt_text())
    repo.commit()
    assert open_repository(repo.path).working.paths() == []
