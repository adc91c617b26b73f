"""What the tests of several verbs of guards use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.cli.running import accept

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


CONFIGURATION = """
[guards]
spend_per_day = 20
calls_per_minute = 5

[guards.per_user]
spend_per_day = 0.5

[guards.prompts."support/*"]
spend_per_day = 2

[guards.environments.eval]
spend_per_day = 30
"""


def ledger_file(repo: Repo) -> Path:
    return repo.path / ".git" / "promptops-log" / "ledger.db"


def limits(repo: Repo, *options: str) -> dict[tuple[str, str], tuple[int, int]]:
    document: dict[str, Any] = json.loads(
        accept(repo, "guards", "show", "--format", "json", *options)
    )
    assert document["schema"] == "promptops.guards/v1"
    return {
        (one["of"], one["unit"]): (one["spent"], one["held"])
        for one in document["limits"]
        if one["unit"] == "micros"
    }
