"""`promptops resume`: paused prompts are served again, as they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

ENV = ("--env", "staging")


def build_paused(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text(), "prompts/b.md": prompt_text()})
    accept(repo, "release", "--all")
    accept(repo, "promote", "a", "b", "--to", "staging")
    accept(repo, "pause", "--all", *ENV, "--reason", "it swears")


@pytest.fixture
def paused(tmp_path: Path) -> Repo:
    """Prompts `a` and `b`, both paused in staging."""
    copy_template(build_paused, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
def test_only_the_named_prompt_is_served_again(paused: Repo) -> None:
    out = accept(paused, "resume", "a", *ENV, "--reason", "it is polite now")
    assert out == "staging: a 1.0.0 (paused) -> 1.0.0\n"
    assert run(paused, "resolve", "a@staging").exit_code == 0
    assert run(paused, "resolve", "b@staging").exit_code == 1
    assert "it is polite now" in accept(paused, "history", *ENV, "-n", "1")


def test_all_are_resumed_in_one_deployment(paused: Repo) -> None:
    document = json.loads(accept(paused, "resume", "--all", *ENV, "--format", "json"))
    assert [one["prompt"] for one in document["changes"]] == ["a", "b"]
    assert document["deployment"]["number"] == 3


def test_a_dry_run_resumes_nothing(paused: Repo) -> None:
    tip = paused.rev("promptops/staging")
    assert "-> 1.0.0" in accept(paused, "resume", "a", *ENV, "--dry-run")
    assert paused.rev("promptops/staging") == tip


def test_the_default_environment_is_meant_unless_one_is_named(paused: Repo) -> None:
    assert "not live in production" in refuse(paused, "resume", "a", code=2)
