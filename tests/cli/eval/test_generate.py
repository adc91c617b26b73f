"""`promptops eval generate`: drafts from schemas or by a model, and what they would cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo

DRAFT = "evals/_drafts/support/triage.yaml"
BY_MODEL = "evals/_drafts/support/triage.model.yaml"
WRITER = """\
---
version: 1.0.0
description: Write scenarios.
author: jane@example.com
model: scripted/rules.yaml
max_tokens: 500
inputs: {}
---
Write scenarios.
"""


@pytest.fixture
def project(repo: Repo) -> Repo:
    """A prompt, and a prompt that writes scenarios; the model answers twice with one of them."""
    repo.write("prompts/support/triage.md", prompt_text())
    accept(repo, "init", "--evals")
    scenario = {
        "name": "short",
        "category": "ordinary",
        "inputs": {"question": "Why?"},
        "criteria": ["It answers."],
    }
    bad = {**scenario, "name": "none", "inputs": {"question": 3}}
    answers = [json.dumps({"scenarios": [scenario, bad]})]
    repo.write("rules.yaml", yaml.safe_dump({"rules": [{"answers": answers * 2}]}))
    return repo


def generate(project: Repo, *words: str) -> tuple[str, ...]:
    return ("eval", "generate", "support/triage", *words)


def test_without_a_model_samples_come_from_the_inputs(project: Repo) -> None:
    result = run(project, *generate(project, "--max", "3"))
    assert result.exit_code == 0
    assert result.stderr == f"3 samples drafted in {DRAFT}; review them before they count\n"
    assert len(yaml.safe_load((project.path / DRAFT).read_text())["samples"]) == 3


@pytest.mark.parametrize("words", [(), ("--model", "scripted/rules.yaml")])
def test_a_dry_run_writes_nothing(project: Repo, words: tuple[str, ...]) -> None:
    result = run(project, *generate(project, *words, "--dry-run"))
    assert result.exit_code == 0, result.output
    assert "would draft" in result.stderr or "will be called with" in result.stderr
    assert not (project.path / "evals/_drafts").exists()


def test_a_model_s_scenarios_are_checked_and_told(project: Repo) -> None:
    result = run(project, *generate(project, "--model", "scripted/rules.yaml", "--max", "1"))
    assert result.exit_code == 0, result.output
    assert "round 1: 1 new of " in result.stderr
    assert "warning: left out " in result.stderr
    assert "kinds: 1 ordinary" in result.stderr
    assert "missing kinds: " in result.stderr
    (sample,) = yaml.safe_load((project.path / BY_MODEL).read_text())["samples"]
    assert sample["inputs"] == {"question": "Why?"}


def test_what_cannot_be_done_is_refused_before_anybody_is_asked(project: Repo) -> None:
    for words, told in (
        (("--max-cost", "1"), "--max-cost needs a model"),
        (("--model", "scripted/rules.yaml", "--max", "501"), "a model drafts at most 500"),
        (("--model", "scripted/rules.yaml", "-o", "rules.yaml"), "rules.yaml already exists"),
    ):
        assert told in refuse(project, *generate(project, *words), code=2)
    assert not (project.path / "evals/_drafts").exists()


def test_an_answer_without_scenarios_is_an_error_and_leaves_no_file(project: Repo) -> None:
    project.write("rules.yaml", "rules: [{answer: I would rather not.}]\n")
    said = refuse(project, *generate(project, "--model", "scripted/rules.yaml"), code=2)
    assert "no scenarios were drafted" in said
    assert not (project.path / "evals/_drafts").exists()
