"""The fallback of a prompt whose first model fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.readiness.drills.pieces import check_drill, refuse_drill

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.story
def test_the_drill_shows_and_records(repo: Repo) -> None:
    check_drill(
        repo,
        "provider-outage",
        "failover",
        "answered by anthropic/claude-3-haiku while openai/gpt-4o",
    )


@pytest.mark.slow
def test_without_fallbacks_an_outage_stops_a_prompt(tmp_path: Path) -> None:
    refuse_drill(tmp_path, "provider-outage", "no prompt has fallbacks")
