"""Drills in real processes: what they show, and that nothing outside changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.readiness.attestations import FILE
from promptops.readiness.drills.scratch import open_drill
from promptops.repository.repository import open_repository
from tests.cli.running import accept, refuse
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Two releases, of which the older is live and paused in staging."""
    copy_template(build_repo, tmp_path / "team", tmp_path.parent)
    return Repo(tmp_path / "team")


def build_repo(folder: Path) -> None:
    repo = Repo.init(folder)
    keys = {"fallbacks": "[anthropic/claude-3-haiku]", "max_tokens": "9"}
    output = "{type: object, required: [a], properties: {a: {enum: [x]}}}"
    repo.commit({"prompts/support/triage.md": prompt_text("1.0.0", **keys)})
    accept(repo, "release", "support/triage")
    accept(repo, "promote", "support/triage", "--to", "staging", "--yes")
    accept(repo, "promote", "support/triage", "--to", "production", "--yes")
    accept(repo, "pause", "support/triage", "--env", "staging", "--reason", "wrong", "--yes")
    repo.commit({"prompts/support/triage.md": prompt_text("2.0.0", output=output, **keys)})
    accept(repo, "release", "support/triage")


@pytest.mark.parametrize(
    ("name", "item", "shown"),
    [
        ("rollback", "rollback", "support/triage went back from 2.0.0 to 1.0.0 in "),
        ("source-loss", "source-loss", "1 prompt served while the source was down"),
        ("provider-outage", "failover", "answered by anthropic/claude-3-haiku while openai/gpt-4o"),
        ("restore", "recovery", "were restored and verified"),
    ],
)
def test_a_drill_shows_and_records(repo: Repo, name: str, item: str, shown: str) -> None:
    before = repo.git("for-each-ref"), repo.git("status", "--porcelain")

    said = accept(repo, "drill", name)

    assert shown in said
    [line] = (repo.path / FILE).read_text("utf-8").splitlines()
    assert json.loads(line)["item"] == item
    assert shown in json.loads(line)["evidence"]
    after = repo.git("for-each-ref"), repo.git("status", "--porcelain")
    assert after == (before[0], f"{before[1]}?? .promptops/".strip())


def test_a_drill_as_json_records_nothing_when_told_so(repo: Repo) -> None:
    document = json.loads(accept(repo, "drill", "restore", "--no-record", "--format", "json"))

    assert document["drill"] == "restore"
    assert [one["seconds"] > 0 for one in document["steps"]] == [True, True]
    assert not (repo.path / FILE).exists()


def test_what_cannot_be_rehearsed_is_said(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "team")
    repo.commit({"prompts/a.md": prompt_text()})

    for name, said in (
        ("rollback", "no prompt has two releases"),
        ("provider-outage", "no prompt has fallbacks"),
    ):
        assert said in refuse(repo, "drill", name, code=2)


def test_the_copy_has_evidence_and_approvals(repo: Repo) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin="{}")
    repo.git("update-ref", f"refs/promptops/evals/{blob}", blob)

    with open_drill(open_repository(repo.path)) as drill:
        for place in (drill.remote, drill.clone):
            assert drill.git("for-each-ref", f"refs/promptops/evals/{blob}", place=place)


def test_a_step_that_fails_says_what_was_found(repo: Repo) -> None:
    with open_drill(open_repository(repo.path)) as drill:
        (drill.clone / "prompts/support/triage.md").write_text("---\nversion: [\n---\nHi\n")
        with pytest.raises(PromptopsError, match=r"validate: prompts/support/triage\.md:"):
            drill.promptops("validate")
