"""Which forge the doctor asks, and with which token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.protection.doctor.github import GITHUB_CHECKS
from tests.cli.running import run
from tests.prompts import prompt_text
from tests.protection.doctor.github.conftest import description, forge
from tests.protection.doctor.github.pieces import shallow_tags
from tests.protection.doctor.pieces import DEPLOY, GATE

if TYPE_CHECKING:
    from tests.protection.doctor.github.fake import ProtectedGitHub
    from tests.repositories import Repo

__all__ = ["description", "forge"]


@pytest.fixture
def hosted(repo: Repo, monkeypatch: pytest.MonkeyPatch, forge: ProtectedGitHub) -> Repo:
    """A clone of a repository on GitHub, and the addresses that GitHub's own CI would give."""
    repo.commit(
        {
            "CODEOWNERS": "* @acme/everybody\n",
            "prompts/a.md": prompt_text(),
            "evals/a.yaml": "x",
            ".github/workflows/promptops.yml": GATE,
            ".github/workflows/promptops-deploy.yml": DEPLOY,
        }
    )
    repo.git("remote", "add", "origin", "git@github.com:acme/prompts.git")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    monkeypatch.setenv("GITHUB_API_URL", forge.url)
    return repo


@pytest.mark.slow
def test_the_doctor_asks_the_forge_that_the_remote_is_on(
    hosted: Repo, forge: ProtectedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_GITHUB_TOKEN", "good")
    result = run(hosted, "doctor", "--format", "json")
    assert result.exit_code == 0, result.output
    answers = json.loads(result.stdout)["answers"]
    assert set(GITHUB_CHECKS) - {one["check"] for one in answers} == {"merge-queue"}
    shallow_tags(forge)
    assert run(hosted, "doctor").exit_code == 1
    assert run(hosted, "doctor", "--forge", "off").exit_code == 0


@pytest.mark.slow
def test_without_a_token_that_is_said_and_is_no_yes(hosted: Repo, forge: ProtectedGitHub) -> None:
    result = run(hosted, "doctor")
    assert result.exit_code == 2
    assert "the protection of acme/prompts on GitHub was not checked" in result.stdout
    assert forge.asked == []


@pytest.mark.slow
def test_a_wrong_token_is_said(
    hosted: Repo, forge: ProtectedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_GITHUB_TOKEN", "wrong")
    forge.hidden = {"/repos/acme/prompts"}
    result = run(hosted, "doctor")
    assert result.exit_code == 2
    assert "unknown  GitHub's answer to /repos/acme/prompts is 403" in result.stdout


@pytest.mark.slow
def test_a_token_goes_nowhere_only_because_a_remote_says_so(
    hosted: Repo, forge: ProtectedGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_GITHUB_TOKEN", "good")
    monkeypatch.delenv("GITHUB_API_URL")
    hosted.config("remote.origin.url", "https://github.evil.example.com/acme/prompts.git")
    result = run(hosted, "doctor")
    assert result.exit_code == 2
    assert "the API address of github.evil.example.com is unknown" in result.stdout
    hosted.config("remote.origin.url", "https://git.example.com/acme/prompts.git")
    assert "git.example.com is not a known forge" in run(hosted, "doctor").stdout
