"""What several tests of verbs use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.cli.commands import COMMANDS, GROUPS
from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.repositories import Repo

if TYPE_CHECKING:
    from pathlib import Path


def every_verb() -> list[str]:
    """All help pages: verbs, groups, and the verbs of groups."""
    below = [f"{group} {verb}" for group, verbs in GROUPS.items() for verb in verbs]
    return [*COMMANDS, *below]


def build_small(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text(), "prompts/b/c.md": prompt_text()})
    accept(repo, "release", "a")


def document(repo: Repo, *args: str) -> Any:
    return json.loads(accept(repo, *args, "--format", "json"))


def build_staged(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit(
        {
            "prompts/a.md": prompt_text(tags="[x, y]"),
            "prompts/team/b.md": prompt_text("0.1.0", status="draft", tags="[y]"),
        }
    )
    accept(repo, "release", "a")
    accept(repo, "promote", "a", "--to", "staging", "--yes")
    accept(repo, "promote", "a", "--to", "production", "--yes")
    repo.commit({"prompts/a.md": prompt_text("1.1.0", tags="[x, y]", body="Now {{ question }}")})
    accept(repo, "release", "a")
    accept(repo, "promote", "a@latest", "--to", "staging", "--yes")


def files(repo: Repo) -> dict[str, bytes]:
    return {
        file.relative_to(repo.path).as_posix(): file.read_bytes()
        for file in sorted(repo.path.rglob("*"))
        if file.is_file() and ".git" not in file.relative_to(repo.path).parts
    }


GOOD = prompt_text()
BAD = prompt_text(body="{{ tone }}")  # an error, and a warning for `question`
TRIAGE_NAME = "support/triage"
DAY = 86_400


def log_place(repo: Repo) -> Path:
    return repo.path / ".git" / "promptops-log" / "runs.db"
