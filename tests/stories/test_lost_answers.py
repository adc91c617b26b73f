"""Answers that get lost: what landed is never called failed, and what failed never landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.hostile import GitServer
from tests.prompts import prompt_text
from tests.screens import masked
from tests.stories.world import Team, expect, finish, run, start
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.story

BRANCH = "refs/heads/promptops/staging"
PROMOTE = ("promote", "support/triage", "--to", "staging", "--yes")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def build_team(folder: Path) -> None:
    team = Team.found(folder)
    team.remote.config("http.receivepack", "true")
    expect(team.first.path, "release", "support/triage", "--push")


@pytest.fixture
def server(team: Team) -> Iterator[GitServer]:
    with GitServer(team.remote).serve() as server:
        team.first.git("remote", "set-url", "origin", server.url)
        yield server


@pytest.mark.parametrize("fault", ["lose", "bad gateway", "half", "twice", "drop"])
def test_a_lost_answer_is_looked_up(team: Team, server: GitServer, fault: str) -> None:
    server.faults = [fault]
    told = run(team.first.path, *PROMOTE)
    assert (told.code, "support/triage (not deployed) -> 1.0.0" in told.out) == (0, True), told
    tip = team.remote.refs()[BRANCH]
    assert team.remote.git("rev-list", "--count", tip) == "1"
    assert team.first.refs()["refs/remotes/origin/promptops/staging"] == tip


@pytest.mark.parametrize("fault", ["lose", "twice", "half"])
def test_what_others_deployed_on_top_hides_nothing(
    team: Team, server: GitServer, fault: str
) -> None:
    expect(team.first.path, *PROMOTE)
    other = team.clone("other")
    server.faults = [fault]

    def deploy_on_top() -> None:
        server.between = lambda: None
        told = run(other.path, "resume", "support/triage", "--env", "staging", "--yes")
        assert told.code == 0, told

    server.between = deploy_on_top
    pause = ("pause", "support/triage", "--env", "staging", "--reason", "wrong", "--yes")
    told = run(team.first.path, *pause)
    assert told.code == 0, told
    assert team.remote.git("rev-list", "--count", BRANCH) == "3"


def test_what_cannot_be_told_is_said_to_be_unknown(team: Team, server: GitServer) -> None:
    server.faults = ["lose"]
    server.between = lambda: setattr(server, "reads_fail", True)
    told = run(team.first.path, *PROMOTE)
    assert told.code == 2, told
    assert "may have landed" in told.err
    assert masked(told.err) == snapshot("""\
error: the deployment to staging may have landed: cannot reach the remote origin: unable to access 'http://127.0.0.1:<port>/remote.git/': Empty reply from server
 hint: git fetch origin, then promptops history --env staging shows whether it did; check the connection and the address (git remote -v), then try again
""")
    server.reads_fail = False
    team.first.git("fetch", "--quiet", "origin")
    assert "promote" in expect(team.first.path, "history", "--env", "staging")


def test_a_push_that_arrives_late_is_not_called_failed(team: Team, server: GitServer) -> None:
    server.faults = ["late"] * 5
    told = run(team.first.path, *PROMOTE)
    assert told.code == 2, told
    assert "may have landed" in told.err
    server.released.set()
    for thread in server.threads:
        thread.join()
    assert team.remote.git("rev-list", "--count", BRANCH) == "1"


def test_releases_and_yanks_are_looked_up_as_well(team: Team, server: GitServer) -> None:
    where = team.first.path
    team.commit({"prompts/support/triage.md": prompt_text("1.1.0", "Answer {{ question }} well")})
    server.faults = ["lose", "lose"]
    release = ("release", "support/triage", "--notes", "better", "--push")
    expect(where, *release)
    server.faults = ["lose", "lose"]
    yank = ("yank", "support/triage@1.0.0", "--reason", "it lies", "--push")
    expect(where, *yank)
    tags = team.remote.refs("refs/tags/")
    assert tags == team.first.refs("refs/tags/")
    assert len(tags) == 3
    server.faults = ["late"] * 4
    told = run(where, *(*yank[:1], "support/triage@1.1.0", *yank[2:]))
    assert (told.code, "may have arrived or not" in told.err) == (2, True), told
    server.released.set()
    for thread in server.threads:
        thread.join()
    assert team.remote.refs("refs/tags/") == team.first.refs("refs/tags/")


def test_a_refusal_is_a_refusal(team: Team, server: GitServer) -> None:
    team.remote.hook("pre-receive", "echo no such luck; exit 1")
    told = run(team.first.path, *PROMOTE)
    assert told.code == 1, told
    assert "no such luck" in told.err
    team.remote.config("http.receivepack", "false")
    told = run(team.first.path, *PROMOTE)
    assert told.code == 2, told
    assert "may have landed" not in told.err
    assert BRANCH not in team.remote.refs()


def test_a_stale_lock_on_the_tracking_ref_fails_no_deployment(team: Team) -> None:
    expect(team.first.path, *PROMOTE)
    lock = team.first.path / ".git/refs/remotes/origin/promptops/staging.lock"
    lock.touch()
    pause = ("pause", "support/triage", "--env", "staging", "--reason", "wrong", "--yes")
    told = run(team.first.path, *pause)
    assert told.code == 0, told
    assert team.remote.git("rev-list", "--count", BRANCH) == "2"


def test_of_many_commands_with_a_bad_line_none_is_told_wrong(team: Team, server: GitServer) -> None:
    expect(team.first.path, *PROMOTE)
    clones = [team.clone(f"clone-{number}") for number in range(6)]
    for clone in clones:
        clone.git("remote", "set-url", "origin", server.url)
    server.faults = ["lose", "", "twice", "drop", "half", "lose", "bad gateway", "", "drop"]
    processes = [
        start(clone.path, "promote", "support/triage@1.0.0", "--to", "production", "--yes")
        if number == 0
        else start(
            clone.path, *("pause", "--all", "--env", "staging"), "--reason", str(number), "--yes"
        )
        for number, clone in enumerate(clones)
    ]
    told = [finish(process) for process in processes]
    log = team.remote.git("log", "--format=%B", BRANCH)
    for number, one in enumerate(told[1:], start=1):
        landed = f"Reason: {number}\n" in log
        assert (one.code == 0 and "nothing" not in one.out) == landed or (
            "may have landed" in one.err
        ), (number, landed, one)
