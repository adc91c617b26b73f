"""Many releases at once cost a handful of processes, however many they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.prompts import prompt_text
from tests.stories.world import Team, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.story


def count_processes(team: Team, trace: Path) -> int:
    """Release and push all; give how many git processes that took here and on the remote."""
    told = run(team.first.path, "release", "--all", "--push", env={"GIT_TRACE2_EVENT": str(trace)})
    assert told.code == 0, told
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    return sum(event["event"] == "start" for event in events)


def test_releasing_many_prompts_takes_as_many_processes_as_two(tmp_path: Path) -> None:
    two = Team.found(tmp_path / "two", ["a", "b"])
    names = [f"team/prompt-{number}" for number in range(150)]
    many = Team.found(tmp_path / "many", names)
    few = count_processes(two, tmp_path / "few.json")
    # A pattern needs refs to push from: two transactions more.
    assert count_processes(many, tmp_path / "many.json") <= few + 4
    tags = {f"refs/tags/prompts/{name}@1.0.0" for name in names}
    assert many.remote.refs("refs/tags/").keys() == tags
    assert many.first.refs("refs/tags/") == many.remote.refs("refs/tags/")
    assert many.first.refs("refs/promptops/") == {}


def test_of_many_releases_all_are_pushed_or_none(tmp_path: Path) -> None:
    names = [f"team/prompt-{number}" for number in range(110)]
    team = Team.found(tmp_path, names)
    other = team.clone("other")
    assert run(other.path, "release", "team/prompt-7", "--push").code == 0
    team.first.commit({"prompts/team/prompt-7.md": prompt_text("1.0.0", "Something else")})
    team.first.git("push", "--quiet", "origin", "main")
    told = run(team.first.path, "release", "--all", "--push")
    assert told.code == 1, told
    assert told.err == snapshot("""\
error: team/prompt-7@1.0.0 is already released by Jane Doe, with other content
 hint: a released version never changes; write the next one with promptops bump team/prompt-7
""")
    assert len(team.remote.refs("refs/tags/")) == 1
    refused = "exit 1"
    team.remote.hook("update", f'case "$1" in */prompt-50@*) {refused};; esac')
    names.remove("team/prompt-7")
    told = run(team.first.path, "release", *names, "--push")
    assert told.code == 1, told
    assert len(team.remote.refs("refs/tags/")) == 1
    assert len(team.first.refs("refs/tags/")) == 1
