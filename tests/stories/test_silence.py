"""Remotes that take the call and say nothing: nobody waits for long, the kill switch least."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.hostile import silent_port
from tests.processes import ends
from tests.stories.world import Team, expect, run
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.story

PAUSE = ("pause", "support/triage", "--env", "staging", "--reason", "wrong", "--yes")
PROMOTE = ("promote", "support/triage", "--to", "staging", "--yes")
TIMEOUTS = "[timeouts]\ntotal = 2\npause = 1\n"


def build_team(folder: Path) -> None:
    team = Team.found(folder)
    for words in (("release", "support/triage", "--push"), PROMOTE):
        expect(team.first.path, *words)
    team.commit({"promptops.toml": TIMEOUTS})


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A team with a live prompt; nothing that made it runs in its folders."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


@pytest.fixture(params=["http", "git", "ssh", "hanging ssh"])
def silent(request: pytest.FixtureRequest, team: Team) -> Iterator[Team]:
    """A team whose remote takes the call and says nothing."""
    with silent_port() as port:
        address = f"{str(request.param).removeprefix('hanging ')}://127.0.0.1:{port}/x.git"
        team.first.git("remote", "set-url", "origin", address)
        if request.param == "hanging ssh":
            team.first.config("core.sshCommand", "sleep 100 #")
        yield team


def has_terminal() -> bool:
    """Whether there is a terminal to ask on."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def find_lasting(folder: Path) -> list[str]:
    """List what runs in a folder and does not end; what is about to end is waited for."""
    lasting = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if not (process / "cwd").resolve().is_relative_to(folder):
                continue
            words = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if not ends(int(process.name)):
            lasting.append(words)
    return lasting


@pytest.mark.parametrize(
    ("words", "seconds"), [(PAUSE, 1), (PROMOTE, 2), (("release", "support/triage", "--push"), 2)]
)
def test_nobody_waits_for_a_silent_remote(
    silent: Team, words: tuple[str, ...], seconds: int
) -> None:
    told = run(silent.first.path, *words)
    assert told.code == 2, told
    said = (f"did not answer within {seconds} s", "Operation too slow", "timed out", "timeout")
    assert any(one in told.err for one in said), told
    assert "may have landed" not in told.err
    if not has_terminal():  # there, a person may be asked for a password
        assert find_lasting(silent.first.path) == []


def test_a_server_that_hangs_in_its_hook_may_have_taken_it(team: Team) -> None:
    team.remote.hook("pre-receive", "exec sleep 30 >/dev/null 2>&1")
    told = run(team.first.path, *PAUSE)
    assert told.code == 2, told
    assert told.err == snapshot("""\
error: the deployment to staging may have landed: the remote origin did not answer within 1 s
 hint: git fetch origin, then promptops history --env staging shows whether it did; check the connection, then try again, or raise [timeouts] in promptops.toml
""")
