"""Names in the way of environments and releases, on a remote that takes any name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.stories.world import Team, expect, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.story

WAYS = (
    "refs/heads/refs/heads/promptops/staging",
    "refs/tags/refs/heads/promptops/staging",
    "refs/tags/refs/remotes/origin/promptops",
    "refs/tags/refs/tags/prompts/support/triage@1.0.0",
    "refs/heads/refs/tags/prompts/support/triage@1.0.0",
)


def test_names_that_look_like_ours_stop_nobody(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    where = team.first.path
    for way in WAYS:
        team.first.git("push", "--quiet", "origin", f"main:{way}")
    team.first.git("fetch", "--quiet", "origin", "refs/tags/*:refs/tags/*")
    expect(where, "release", "support/triage", "--push")
    expect(where, "promote", "support/triage", "--to", "staging", "--yes")
    expect(where, "pause", "support/triage", "--env", "staging", "--reason", "wrong", "--yes")
    assert expect(team.clone("other").path, "list", "--live") == snapshot("""\
NAME            STAGING         PRODUCTION
support/triage  1.0.0 (paused)  -
""")
    there = team.remote.refs()
    assert {"refs/heads/promptops/staging", *WAYS} <= there.keys()
    assert {there[way] for way in WAYS} == {team.first.rev("main")}


def test_a_name_that_cannot_stand_beside_ours_is_named(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    team.first.git("push", "--quiet", "origin", "main:refs/heads/promptops")
    expect(team.first.path, "release", "support/triage", "--push")
    told = run(team.first.path, "promote", "support/triage", "--to", "staging", "--yes")
    assert told.code != 0
    assert told.err == snapshot("""\
error: the branch origin/promptops conflicts with origin/promptops/staging
 hint: git push origin --delete refs/heads/promptops removes it there; then git remote prune origin
""")
    culprit = "git push origin --delete refs/heads/promptops"
    assert culprit in told.err
    team.first.git(*culprit.split()[1:])
    expect(team.first.path, "promote", "support/triage", "--to", "staging", "--yes")
