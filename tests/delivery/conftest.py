"""Repositories to release and deploy in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.delivery.pieces import GitWorld, build_triage
from tests.repositories import Repo
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A remote and a clone with `a` and `b` at 1.0.0, not released."""
    copy_template(found_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def found_team(folder: Path) -> None:
    Team.found(folder, ["a", "b"])


@pytest.fixture
def world() -> Iterator[GitWorld]:
    """A repository with every version of two prompts released."""
    made = GitWorld()
    yield made
    made.close()


@pytest.fixture
def triage(tmp_path: Path) -> Repo:
    """Two releases of `support/triage`: production has the second, staging splits its traffic."""
    copy_template(build_triage, tmp_path / "triage", tmp_path.parent)
    return Repo(tmp_path / "triage")
