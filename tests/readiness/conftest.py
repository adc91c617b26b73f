"""A team's repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.readiness.pieces import build_repo
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A team with one released prompt and nothing else."""
    copy_template(build_repo, tmp_path / "team", tmp_path.parent)
    return Repo(tmp_path / "team")
