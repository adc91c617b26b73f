"""The suite that became of a configuration of promptfoo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tests.repositories import Repo


def suite(repo: Repo, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((repo.path / f"evals/{name}.yaml").read_text())
    return found
