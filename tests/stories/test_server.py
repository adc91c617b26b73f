"""A server that judges every push: what people do with promptops all passes, racing included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.prompts import prompt_text
from tests.screens import masked
from tests.stories.world import Team, expect, finish, run, start

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.story

NAME = "support/triage"
FILE = f"prompts/{NAME}.md"
PEOPLE = 10
NAMES = tuple(f"team-{number % 3}/prompt-{number:02d}" for number in range(PEOPLE))


def guard(team: Team) -> None:
    told = run(team.remote.path, "hook", "install", "--server")
    assert (told.code, "pre-receive: installed" in told.err) == (0, True), told


def live(team: Team, environment: str) -> list[str]:
    """What was live after each deployment, the first one first."""
    listed = team.remote.git(
        "log", "--reverse", "--format=%(trailers:key=To,valueonly)", f"promptops/{environment}"
    )
    return [line for line in listed.splitlines() if line]


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_everything_that_promptops_does_passes(tmp_path: Path, object_format: str) -> None:
    team = Team.found(tmp_path, (NAME, "a"), object_format=object_format)
    guard(team)
    here = team.first.path
    expect(here, "release", "--all", "--push")
    for minor in (1, 2):
        text = prompt_text(f"1.{minor}.0", f"Text {minor} {{{{ question }}}}")
        team.commit({FILE: text})
        expect(here, "release", NAME, "--push")
    expect(here, "promote", NAME, "a", "--to", "staging")
    expect(here, "promote", f"{NAME}@1.1.0", "--to", "staging")
    expect(here, "promote", f"{NAME}@1.2.0", "--to", "staging", "--share", "10")
    expect(here, "promote", f"{NAME}@1.2.0", "--to", "staging", "--share", "60")
    expect(here, "promote", f"{NAME}@1.2.0", "--to", "staging")
    expect(here, "pause", "--all", "--env", "staging", "--reason", "they  lie: again")
    expect(here, "rollback", NAME, "--env", "staging", "--reason", "1.2.0 lies")
    expect(here, "resume", "a", "--env", "staging")
    expect(here, "retire", "-m", "gone", NAME, "--env", "staging")
    expect(here, "rollback", NAME, "--env", "staging")
    expect(here, "rollback", NAME, "--env", "staging", "--to", "1.2.0")
    expect(here, "rollback", "--env", "staging", "--to-deployment", "2")
    expect(here, "promote", NAME, "--to", "production", "--yes")
    expect(here, "yank", f"{NAME}@1.0.0", "--reason", "it lies", "--push")
    assert run(here, "promote", f"{NAME}@1.0.0", "--to", "staging").code == 1
    assert run(here, "verify").code == 0
    assert len(live(team, "staging")) > 10


def test_deployments_that_waited_here_are_pushed_at_once(tmp_path: Path) -> None:
    team = Team.found(tmp_path, (NAME, "a"))
    guard(team)
    here = team.first.path
    expect(here, "release", "--all")
    expect(here, "promote", "a@1.0.0", "--to", "staging", "--local")
    expect(here, "promote", f"{NAME}@1.0.0", "--to", "staging", "--local")
    expect(here, "pause", "a", "--env", "staging", "--reason", "wait", "--local")
    done = team.first.run("push", "origin", "promptops/staging")
    assert b"is not released here" in done.stderr
    assert b"hint: git push REMOTE refs/tags/prompts/a@1.0.0" in done.stderr
    team.first.git("push", "--quiet", "origin", "promptops/staging", "--tags")
    assert run(team.clone("other").path, "resolve", f"{NAME}@staging").code == 0


def test_what_the_server_refuses_is_told_to_who_deploys(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    team.commit({"promptops.toml": "environments = ['staging', 'production']\n"})
    guard(team)
    here = team.first.path
    expect(here, "release", "--all", "--push")
    team.first.write("promptops.toml", "environments = ['staging', 'qa', 'production']\n")
    told = run(here, "promote", f"{NAME}@1.0.0", "--to", "qa")
    assert told.code == 1
    assert told.err == snapshot("""\
error: origin refused the deployment: promptops/qa: there is no environment 'qa' in the configuration
 hint: nothing was changed; the environments are: staging, production; add a new one to the configuration on the protected branch first
""")


def test_racing_promotes_all_land_through_the_hook(tmp_path: Path) -> None:
    team = Team.found(tmp_path, NAMES)
    guard(team)
    expect(team.first.path, "release", "--all", "--push")
    clones = [team.clone(f"clone-{number}") for number in range(PEOPLE)]
    racing = dict(zip(NAMES, clones, strict=True))
    for _ in range(3):
        started = {
            name: start(clone.path, "promote", name, "--to", "staging")
            for name, clone in racing.items()
        }
        told = {name: finish(process) for name, process in started.items()}
        for name, one in told.items():
            if one.code == 0:
                del racing[name]
            else:  # a machine too slow for so many of them in a minute
                assert "hint: run the command again" in one.err
    assert not racing
    log = team.remote.git(
        "log", "--format=%(trailers:key=Deployment,valueonly)", "promptops/staging"
    )
    assert [int(line) for line in log.split()] == list(range(PEOPLE, 0, -1))
    assert run(team.clone("last").path, "verify").code == 0


def test_racing_releases_of_one_version_through_the_hook(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    guard(team)
    clones = [team.clone(f"clone-{number}") for number in range(4)]
    for number, clone in enumerate(clones):
        clone.commit({FILE: prompt_text("2.0.0-rc.1", f"Text {number}")})
    processes = [start(clone.path, "release", NAME, "--push") for clone in clones]
    told = [finish(process) for process in processes]
    assert sorted(one.code for one in told) == [0, 1, 1, 1], told
    assert len(team.remote.refs("refs/tags/prompts/")) == 1
    for one in told:
        assert one.code == 0 or "is already released by Jane Doe" in one.err


def test_a_hook_that_is_there_judges_first_and_comes_back(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    team.remote.hook(
        "pre-receive", 'while read old new ref; do echo "saw $ref"; done; test ! -e no'
    )
    guard(team)
    done = team.first.run("push", "origin", "main:refs/heads/promptops/x/y", "main:topic")
    said = done.stderr.decode()
    assert said.index("saw refs/heads/topic") < said.index("this name is not allowed")
    (team.remote.path / "no").touch()
    done = team.first.run("push", "origin", "main:topic")
    assert (done.returncode, b"hook declined" in done.stderr) == (1, True)
    assert masked(run(team.remote.path, "hook", "uninstall", "--server").err) == snapshot("""\
hooks/pre-receive: removed
the previous hook is restored
""")
    (team.remote.path / "no").unlink()
    team.first.git("push", "--quiet", "origin", "main:refs/heads/promptops/x/y")


def test_without_the_program_nothing_is_taken(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    guard(team)
    path = team.remote.path / "hooks/pre-receive"
    lines = path.read_text().split("\n")
    path.write_text("\n".join("python=/gone" if x.startswith("python=") else x for x in lines))
    where = team.first.git("--exec-path")
    done = team.first.run("push", "origin", "main:topic", env={"PATH": f"{where}:/usr/bin:/bin"})
    assert done.returncode == 1
    assert b"promptops is not installed there" in done.stderr


def test_only_a_repository_that_others_push_to_gets_the_hook(tmp_path: Path) -> None:
    team = Team.found(tmp_path)
    told = run(team.first.path, "hook", "install", "--server")
    assert (told.code, "nobody pushes to it" in told.err) == (1, True)
    team.remote.config("core.hooksPath", str(tmp_path / "hooks"))
    told = run(team.remote.path, "hook", "install", "--server")
    assert (told.code, "core.hooksPath" in told.err) == (1, True)
