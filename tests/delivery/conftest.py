"""A team to release with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.delivery.pieces import GitWorld
from tests.stories.world import Team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A remote and a clone with `a` and `b` at 1.0.0, not released."""
    return Team.found(tmp_path, ["a", "b"])


@pytest.fixture
def world() -> Iterator[GitWorld]:
    """A repository with every version of two prompts released."""
    made = GitWorld()
    yield made
    made.close()
