"""The drills by name, and what comes of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.readiness.attestations import FILE
from promptops.readiness.drills.catalogue import DRILLS, DrillKind, run_drill
from promptops.repository.repository import open_repository
from tests.cli.running import accept

if TYPE_CHECKING:
    from promptops.readiness.drills.scratch import Drill
    from tests.repositories import Repo


@pytest.mark.story
def test_a_drill_as_json_records_nothing_when_told_so(repo: Repo) -> None:
    document = json.loads(accept(repo, "drill", "source-loss", "--no-record", "--format", "json"))

    assert document["drill"] == "source-loss"
    assert [one["seconds"] > 0 for one in document["steps"]] == [True] * 3
    assert not (repo.path / FILE).exists()


@pytest.mark.slow
def test_a_drill_tells_its_steps_and_the_item_that_it_attests(
    monkeypatch: pytest.MonkeyPatch, repo: Repo
) -> None:
    def rehearse(drill: Drill) -> str:
        with drill.step("looked"):
            drill.git("cat-file", "-e", "HEAD:prompts/support/triage.md")
        return "it is there"

    kind = DrillKind("Is it there?", "recovery", rehearse)
    monkeypatch.setitem(DRILLS, "looking", kind)
    result = run_drill(open_repository(repo.path), "looking")
    assert (result.item, result.shown) == ("recovery", "it is there")
    assert [one.what for one in result.steps] == ["looked"]
