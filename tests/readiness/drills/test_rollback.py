"""How long it takes until readers see a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.readiness.drills.pieces import check_drill, refuse_drill

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.story
def test_the_drill_shows_and_records(repo: Repo) -> None:
    check_drill(repo, "rollback", "rollback", "support/triage went back from 2.0.0 to 1.0.0 in ")


@pytest.mark.slow
def test_without_two_releases_nothing_can_be_rolled_back(tmp_path: Path) -> None:
    refuse_drill(tmp_path, "rollback", "no prompt has two releases")
