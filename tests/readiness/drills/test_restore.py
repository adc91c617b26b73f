"""The registry and the run log, restored from a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.readiness.drills.pieces import check_drill

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.story
def test_the_drill_shows_and_records(repo: Repo) -> None:
    check_drill(repo, "restore", "recovery", "were restored and verified")
