"""Repositories that the tests of several eval verbs begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.eval.pieces import ANSWERS, BODY, MODEL, SUITE, write_suite
from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(repo: Repo) -> Repo:
    """A repository with a prompt, its suite and a scripted model."""
    repo.write("prompts/ask.md", prompt_text(body="{{ question }}", model=MODEL, max_tokens="50"))
    repo.write("evals/ask.yaml", SUITE)
    repo.write("answers.yaml", ANSWERS)
    return repo


@pytest.fixture
def released(tmp_path: Path) -> Repo:
    """A released prompt with a partial, a suite, and a model that says less if told to be brief."""
    copy_template(build_released, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_released(folder: Path) -> None:
    repo = Repo.init(folder)
    keys = {"inputs": "{q: string}", "model": MODEL}
    repo.write("prompts/support/reply.md", prompt_text(body=BODY, **keys))
    repo.write("prompts/_shared/tone.md", "Be helpful.\n")
    repo.write(
        "answers.yaml",
        "rules:\n"
        "  - {when: {regex: '(?s)^Be brief'}, answer: Hello.}\n"
        "  - {when: {role: user, text: refund}, answer: Your refund comes.}\n"
        "  - {answer: Hello.}\n",
    )
    write_suite(repo)
    repo.commit()
    accept(repo, "release", "support/reply", "--local")
