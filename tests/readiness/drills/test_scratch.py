"""The copy that drills rehearse in, and what its steps say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.readiness.drills.scratch import open_drill
from promptops.repository.repository import open_repository
from tests.repositories import Repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_the_copy_has_evidence_and_approvals(repo: Repo) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin="{}")
    repo.git("update-ref", f"refs/promptops/evals/{blob}", blob)

    with open_drill(open_repository(repo.path)) as drill:
        for place in (drill.remote, drill.clone):
            assert drill.git("for-each-ref", f"refs/promptops/evals/{blob}", place=place)


@pytest.mark.story
def test_a_step_that_fails_says_what_was_found(repo: Repo) -> None:
    with open_drill(open_repository(repo.path)) as drill:
        (drill.clone / "prompts/support/triage.md").write_text("---\nversion: [\n---\nHi\n")
        with pytest.raises(PromptopsError, match=r"validate: prompts/support/triage\.md:"):
            drill.promptops("validate")


@pytest.mark.slow
def test_only_steps_that_went_well_are_noted(repo: Repo) -> None:
    with open_drill(open_repository(repo.path)) as drill:
        with drill.step("a step"):
            pass
        with pytest.raises(ZeroDivisionError), drill.step("another"):
            raise ZeroDivisionError
        assert [one.what for one in drill.steps] == ["a step"]


@pytest.mark.slow
def test_variables_that_lead_elsewhere_do_not_reach_the_copy(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_drill(open_repository(repo.path)) as drill:
        monkeypatch.setenv("GIT_DIR", str(repo.path / ".git"))
        assert drill.git("rev-parse", "--absolute-git-dir").strip() == str(drill.clone / ".git")


@pytest.mark.slow
def test_the_copy_is_committed_to_and_signed_as_the_original(repo: Repo) -> None:
    repo.config("user.email", "drill@example.com")
    with open_drill(open_repository(repo.path)) as drill:
        assert drill.git("config", "--local", "user.email") == "drill@example.com\n"
        with pytest.raises(PromptopsError, match="the drill failed at"):
            drill.git("config", "--local", "gpg.format")


def test_without_a_commit_there_is_nothing_to_rehearse(tmp_path: Path) -> None:
    repository = open_repository(Repo.init(tmp_path / "team").path)
    with pytest.raises(PromptopsError, match="there is nothing to drill"), open_drill(repository):
        pass
