"""Readers while the source of prompts is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.readiness.drills.pieces import check_drill, refuse_drill

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.story
def test_the_drill_shows_and_records(repo: Repo) -> None:
    check_drill(repo, "source-loss", "source-loss", "1 prompt served while the source was down")


@pytest.mark.slow
def test_where_nothing_is_live_nothing_can_be_lost(tmp_path: Path) -> None:
    refuse_drill(tmp_path, "source-loss", "production has no deployments")
