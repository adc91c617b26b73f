"""A repository with something to rehearse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.readiness.drills.pieces import build_repo
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Two releases, of which the older is live and paused in staging."""
    copy_template(build_repo, tmp_path / "team", tmp_path.parent)
    return Repo(tmp_path / "team")
