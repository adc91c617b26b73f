"""A repository with something to rehearse, and what holds of every drill."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.readiness.attestations import FILE
from tests.cli.running import accept, refuse
from tests.prompts import prompt_text
from tests.repositories import Repo

if TYPE_CHECKING:
    from pathlib import Path


def build_repo(folder: Path) -> None:
    """Two releases, of which the older is live and paused in staging."""
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


def check_drill(repo: Repo, name: str, item: str, shown: str) -> None:
    """Carry a drill out; insist on what it shows and records, and that nothing else changes."""
    before = repo.git("for-each-ref"), repo.git("status", "--porcelain")

    said = accept(repo, "drill", name)

    assert shown in said
    [line] = (repo.path / FILE).read_text("utf-8").splitlines()
    assert json.loads(line)["item"] == item
    assert shown in json.loads(line)["evidence"]
    after = repo.git("for-each-ref"), repo.git("status", "--porcelain")
    assert after == (before[0], f"{before[1]}?? .promptops/".strip())


def refuse_drill(folder: Path, name: str, said: str) -> None:
    """Insist that a drill is not possible in a repository with one prompt, and on why."""
    repo = Repo.init(folder / "team")
    repo.commit({"prompts/a.md": prompt_text()})
    assert said in refuse(repo, "drill", name, code=2)
