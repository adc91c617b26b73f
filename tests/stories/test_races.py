"""Twenty people at once, with identical clocks and names: nothing is lost, nothing comes twice."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.prompts import prompt_text
from tests.stories.world import Team, expect, finish, let_children_end, run, start

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.story

PEOPLE = 20
NAMES = tuple(f"team/prompt-{number}" for number in range(PEOPLE))


def test_racing_releases_of_one_version_make_one_tag(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    clones = [team.clone(f"clone-{number}") for number in range(PEOPLE)]
    processes = [
        start(clone.path, "release", "support/triage", "--notes", f"notes {number}", "--push")
        for number, clone in enumerate(clones)
    ]
    told = [finish(process) for process in processes]
    assert [one.code for one in told] == [0] * PEOPLE, told
    made = [one for one in told if " released (" in one.out]
    already = [one for one in told if "already released by Jane Doe" in one.out]
    assert (len(made), len(already)) == (1, PEOPLE - 1), told
    tags = team.remote.refs("refs/tags/prompts/")
    assert list(tags) == ["refs/tags/prompts/support/triage@1.0.0"]
    for clone in clones:
        assert clone.refs("refs/tags/prompts/") == tags


def test_racing_releases_of_other_bytes_are_refused(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    clones = [team.clone(f"clone-{number}") for number in range(8)]
    for number, clone in enumerate(clones):
        clone.commit({"prompts/support/triage.md": prompt_text("2.0.0-rc.1", f"Text {number}")})
    processes = [start(clone.path, "release", "support/triage", "--push") for clone in clones]
    told = [finish(process) for process in processes]
    assert sorted(one.code for one in told) == [0, *[1] * 7], told
    tags = team.remote.refs("refs/tags/prompts/")
    assert len(tags) == 1
    for clone, one in zip(clones, told, strict=True):
        assert clone.refs("refs/tags/prompts/") == tags
        if one.code:
            assert "is already released by Jane Doe, with other content" in one.err
            assert "hint: " in one.err


def test_racing_promotes_of_different_prompts_all_land(tmp_path: Path) -> None:
    team = Team.found(tmp_path, NAMES)
    expect(team.first.path, "release", "--all", "--push")
    clones = [team.clone(f"clone-{number}") for number in range(PEOPLE)]
    processes = [
        start(clone.path, "promote", name, "--to", "staging")
        for clone, name in zip(clones, NAMES, strict=True)
    ]
    told = [finish(process) for process in processes]
    assert [one.code for one in told] == [0] * PEOPLE, told
    log = team.remote.git(
        "log", "--format=%(trailers:key=Deployment,valueonly)", "promptops/staging"
    )
    assert [int(line) for line in log.split()] == list(range(PEOPLE, 0, -1))
    team.first.git("fetch", "--quiet", "origin")
    live = expect(team.first.path, "list", "--live")
    assert [line.split()[0] for line in live.splitlines()[1:]] == sorted(NAMES)


def test_racing_promotes_of_one_prompt_tell_each_loser_what_is_live(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    expect(team.first.path, "release", "support/triage", "--push")
    for minor in range(1, 6):
        text = prompt_text(f"1.{minor}.0", f"Text {minor} {{{{ question }}}}")
        team.commit({"prompts/support/triage.md": text})
        expect(team.first.path, "release", "support/triage", "--push")
    expect(team.first.path, "promote", "support/triage@1.0.0", "--to", "staging")
    clones = [team.clone(f"clone-{number}") for number in range(1, 6)]
    processes = [
        start(clone.path, "promote", f"support/triage@1.{number}.0", "--to", "staging")
        for number, clone in enumerate(clones, start=1)
    ]
    told = [finish(process) for process in processes]
    winners = [one for one in told if one.code == 0]
    assert winners
    for one in told:
        if one.code:
            assert one.code == 1
            assert "live now: support/triage 1." in one.err
            assert "hint: " in one.err
    numbers = team.remote.git("rev-list", "--count", "promptops/staging")
    assert int(numbers) == 1 + len(winners)


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_a_killed_release_or_promote_is_completed_by_the_same_command(
    tmp_path: Path, delay: float
) -> None:
    team = Team.found(tmp_path, ("a", "b", "c"))
    for words in (("release", "--all", "--push"), ("promote", "a", "b", "c", "--to", "staging")):
        process = start(team.first.path, *words)
        _let_run(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        let_children_end(process, team.folder)
        for repo in (team.first, team.remote):
            repo.git("fsck", "--strict", "--no-dangling")
        for lock in [*team.first.path.rglob("*.lock"), *team.remote.path.rglob("*.lock")]:
            if lock.name != "promptops.lock":
                lock.unlink()  # the remedy that the error names
        told = run(team.first.path, *words)
        assert told.code == 0, told
    assert len(team.remote.refs("refs/tags/prompts/")) == 3
    assert run(team.first.path, "verify").code == 0
    live = expect(team.first.path, "list", "--live")
    assert len(live.splitlines()) == 1 + 3


def _let_run(seconds: float) -> None:
    """Give the process that much of its life; which moment it hits is the point."""
    time.sleep(seconds)


def test_racing_pauses_and_rollbacks_leave_consistent_records(tmp_path: Path) -> None:
    team = Team.found(tmp_path, ("a", "b"))
    expect(team.first.path, "release", "--all", "--push")
    expect(team.first.path, "promote", "a", "b", "--to", "staging")
    for name in ("a", "b"):
        team.commit({f"prompts/{name}.md": prompt_text("1.1.0", "New {{ question }}")})
    expect(team.first.path, "release", "--all", "--push")
    expect(team.first.path, "promote", "a@1.1.0", "b@1.1.0", "--to", "staging")
    clones = [team.clone(f"clone-{number}") for number in range(4)]
    commands = [
        ("pause", "a", "--env", "staging", "--reason", "wrong"),
        ("rollback", "b", "--env", "staging"),
        ("retire", "-m", "gone", "a", "--env", "staging"),
        ("rollback", "--env", "staging", "--to-deployment", "1"),
    ]
    told = [
        finish(process)
        for process in [
            start(clone.path, *words) for clone, words in zip(clones, commands, strict=True)
        ]
    ]
    assert {one.code for one in told} <= {0, 1, 2}
    team.first.git("fetch", "--quiet", "origin")
    assert run(team.first.path, "verify").code == 0
