"""`promptops retire`: out of an environment, and back by a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

ENV = ("--env", "staging")


def build_deployed(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text(), "prompts/a/b.md": prompt_text()})
    accept(repo, "release", "--all")
    accept(repo, "promote", "a", "a/b", "--to", "staging")


@pytest.fixture
def deployed(tmp_path: Path) -> Repo:
    """A prompt `a` and a prompt `a/b`, both live in staging."""
    copy_template(build_deployed, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
def test_a_retired_prompt_is_gone_with_its_files_and_comes_back(deployed: Repo) -> None:
    assert accept(deployed, "retire", "-m", "gone", "a", *ENV) == snapshot(
        "staging: a 1.0.0 -> (not deployed)\n"
    )
    files = deployed.git("ls-tree", "-r", "--name-only", "promptops/staging").splitlines()
    assert files == ["promptops.lock", "promptops.undo", "releases/a/b@1.0.0/a/b.md"]
    assert accept(deployed, "rollback", "a", *ENV) == snapshot(
        "staging: a (not deployed) -> 1.0.0\n"
    )
    accept(deployed, "verify")


def test_several_are_retired_in_one_deployment(deployed: Repo) -> None:
    accept(deployed, "retire", "-m", "gone", "a", "a/b", *ENV)
    assert deployed.git("rev-list", "--count", "promptops/staging") == "2"
    accept(deployed, "verify")


def test_one_that_is_not_live_refuses_all(deployed: Repo) -> None:
    tip = deployed.rev("promptops/staging")
    assert refuse(deployed, "retire", "-m", "gone", "a", "b", *ENV, code=2) == snapshot("""\
error: b is not live in staging
 hint: promptops promote b --to staging makes it live\
""")
    assert refuse(deployed, "retire", "-m", "gone", *ENV, code=2) == snapshot("""\
error: no prompt given
 hint: name prompts, or give --all\
""")
    assert refuse(deployed, "retire", "-m", "gone", "a", code=2) == snapshot("""\
error: a is not live in production
 hint: promptops promote a --to production makes it live\
""")
    assert deployed.rev("promptops/staging") == tip


def test_a_dry_run_retires_nothing(deployed: Repo) -> None:
    tip = deployed.rev("promptops/staging")
    accept(deployed, "retire", "-m", "gone", "a", *ENV, "--dry-run")
    assert deployed.rev("promptops/staging") == tip
