"""`promptops gate` in a forge's CI, with a forge that answers, refuses, or says too little."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.forge.conftest import clock, description, forge, lab
from tests.forge.server import Response
from tests.gate.world import TONE, TRIAGE, World, prompt
from tests.screens import explained, masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.forge.fake_github import FakeGitHub, Pull
    from tests.forge.fake_gitlab import FakeGitLab

__all__ = ["clock", "description", "forge", "lab"]

OWNERS = "* @acme/leads\n/prompts/ @bob @acme/writers\n"
GROUPS = """
[people]
bob = ["@bob", "@bob-at-home"]
[teams]
"@acme/leads" = ["@ann"]
"@acme/writers" = ["@kim"]
"""
LOCAL = ("gate", "--local", "--base", "main", "--head", "change")


@pytest.fixture
def world(tmp_path: Path) -> World:
    files = {"CODEOWNERS": OWNERS, ".promptops/groups.toml": GROUPS}
    return World.make(tmp_path / "repo", files)


@pytest.fixture
def pull(world: World, forge: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pull:
    """A change to a prompt, as pull request 12, in whose run the gate is asked."""
    pull = forge.open(12, author="jane")
    pull.head = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    forge.roles = dict.fromkeys(("ann", "bob", "bob-at-home", "kim", "jane"), "write")
    forge.teams = {"leads": {"ann"}, "writers": {"kim"}}
    event = {
        "pull_request": {
            "number": 12,
            "user": {"login": "jane"},
            "base": {"ref": "main", "sha": world.repo.rev("main")},
            "head": {"sha": pull.head},
        }
    }
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": forge.url,
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "acme/prompts",
        "GITHUB_SHA": pull.head,
        "GITHUB_TOKEN": "good",
    }.items():
        monkeypatch.setenv(name, value)
    return pull


@pytest.mark.slow
def test_nobody_approved(world: World, pull: Pull) -> None:
    result = run(world.repo, *LOCAL)
    assert result.exit_code == 1, result.output
    assert masked(result.output) == snapshot("""\
may not merge: the approval of @bob or @acme/writers missing
<id> into main

missing
  @bob or @acme/writers (CODEOWNERS:2) approves
    prompts/support/triage.md  [missing-approval]

support/triage  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  about 9 -> 11 tokens without inputs; 1,000 runs $0.00
  approval of @bob or @acme/writers (CODEOWNERS:2): missing

support/triage, message 1 (system) changed
  @@ line 1 @@
  - Triage.
  + Triage well.
    Be kind.

1 error
 hint: promptops approve --base main --head <id>  # by an owner, or their approval on the forge
""")


@pytest.mark.slow
@pytest.mark.parametrize("owner", ["bob", "kim"])
def test_an_owner_approved(world: World, forge: FakeGitHub, pull: Pull, owner: str) -> None:
    forge.review(12, owner, on=pull.head)
    accept(world.repo, *LOCAL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("user", "why"),
    [
        (
            "ann",
            snapshot("""\
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @bob or @acme/writers: not met
  - @ann, github: not an owner of it\
"""),
        ),
        (
            "stranger",
            snapshot("""\
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @bob or @acme/writers: not met
  - @stranger, github: may not write to the repository\
"""),
        ),
        (
            "app[bot]",
            snapshot("""\
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @bob or @acme/writers: not met
  - @app[bot], github: may not write to the repository
note: approval by @app[bot] does not count: it is an app\
"""),
        ),
    ],
    ids=["no owner", "no writer", "an app"],
)
def test_somebody_else_approved(
    world: World, forge: FakeGitHub, pull: Pull, user: str, why: str
) -> None:
    forge.review(12, user, on=pull.head)
    result = run(world.repo, *LOCAL, "--explain")
    assert result.exit_code == 1, result.output
    assert explained(result.output) == why


@pytest.mark.slow
def test_an_approval_that_was_taken_back(world: World, forge: FakeGitHub, pull: Pull) -> None:
    forge.review(12, "bob", on=pull.head)
    forge.review(12, "bob", state="COMMENTED", on=pull.head)
    accept(world.repo, *LOCAL)
    forge.review(12, "bob", state="DISMISSED", on=pull.head)
    assert run(world.repo, *LOCAL).exit_code == 1


@pytest.mark.slow
def test_more_was_pushed_after_the_approval(world: World, forge: FakeGitHub, pull: Pull) -> None:
    forge.review(12, "bob", on=pull.head)
    world.propose({"app.py": "1\n"})
    accept(world.repo, *LOCAL)
    world.propose({TRIAGE: prompt("1.1.0", "Triage as I say.")})
    result = run(world.repo, *LOCAL, "--explain")
    assert result.exit_code == 1, result.output
    assert explained(result.output) == snapshot("""\
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @bob or @acme/writers: not met
  - @bob, github: approved other content\
""")


@pytest.mark.slow
def test_an_approval_outlives_a_rebase(world: World, forge: FakeGitHub, pull: Pull) -> None:
    forge.review(12, "bob", on=pull.head)
    world.on_main({"README.md": "Hello.\n"})
    world.repo.git("checkout", "--quiet", "change")
    world.repo.git("rebase", "--quiet", "main")
    assert world.repo.rev("change") != pull.head
    accept(world.repo, *LOCAL)


@pytest.mark.slow
def test_nobody_approves_their_own_under_any_name(
    world: World, forge: FakeGitHub, pull: Pull
) -> None:
    pull.author = "bob-at-home"
    forge.review(12, "bob", on=pull.head)
    result = run(world.repo, *LOCAL, "--explain")
    assert result.exit_code == 1, result.output
    assert explained(result.output) == snapshot("""\
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @bob or @acme/writers: not met
  - @bob, github: the author of the change\
""")


@pytest.mark.slow
def test_nobody_approves_what_they_committed(world: World, forge: FakeGitHub, pull: Pull) -> None:
    pull.commits = [("jane", "jane"), ("bob-at-home", None)]
    forge.review(12, "bob", on=pull.head)
    result = run(world.repo, *LOCAL, "--explain")
    assert result.exit_code == 1, result.output
    assert explained(result.output) == snapshot("""\
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @bob or @acme/writers: not met
  - @bob, github: committed to the change\
""")


@pytest.mark.slow
def test_the_groups_of_the_target_branch_stand_in_for_teams(
    world: World, forge: FakeGitHub, pull: Pull
) -> None:
    forge.tokens["good"] -= {"members"}
    forge.review(12, "kim", on=pull.head)
    accept(world.repo, *LOCAL)


@pytest.mark.slow
def test_the_groups_of_the_change_do_not(world: World, forge: FakeGitHub, pull: Pull) -> None:
    forge.tokens["good"] -= {"members"}
    mine = GROUPS.replace("@kim", "@jane").replace("@ann", "@jane")
    pull.head = world.propose({".promptops/groups.toml": mine}, email="jane@example.com")
    forge.review(12, "jane", on=pull.head)
    assert run(world.repo, *LOCAL).exit_code == 1


@pytest.mark.story
def test_a_queue_merges_what_each_was_approved_for(
    world: World, forge: FakeGitHub, pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = forge.open(13, author="joe")
    other.head = world.propose({TONE: "Be brief.\n"})
    first = forge.enqueue(12, world.repo.rev("main"))
    forge.queue[0] = (first, pull.head)
    group = {
        "head_ref": forge.enqueue(13, pull.head),
        "head_sha": other.head,
        "base_ref": "refs/heads/main",
        "base_sha": pull.head,
    }
    path = tmp_path / "group.json"
    path.write_text(json.dumps({"merge_group": group}))
    monkeypatch.setenv("GITHUB_EVENT_NAME", "merge_group")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))
    forge.review(13, "kim", on=other.head)
    forge.pulls[13].reviews[0].commit = world.repo.rev("main")
    assert run(world.repo, *LOCAL).exit_code == 1
    forge.review(13, "kim", on=other.head)
    forge.review(12, "bob", on=pull.head)
    accept(world.repo, *LOCAL)


# --- it cannot be told


@pytest.mark.slow
def test_a_token_that_may_not(world: World, forge: FakeGitHub, pull: Pull) -> None:
    forge.tokens["good"] -= {"pull_requests"}
    said = refuse(world.repo, *LOCAL, code=2)
    assert said == snapshot("""\
error: GitHub's answer to /repos/acme/prompts/pulls/12 is 403: 'Resource not accessible by integration'
 hint: the token needs: pull requests: read\
""")


@pytest.mark.slow
def test_a_team_that_nobody_knows(world: World, forge: FakeGitHub, pull: Pull) -> None:
    world.on_main({"CODEOWNERS": "* @acme/poets\n"})
    said = refuse(world.repo, *LOCAL, code=2)
    assert said == snapshot("""\
error: the members of @acme/poets cannot be read: GitHub's answer to /orgs/acme/teams/poets/members is 404: 'Not Found'
 hint: list its members in the groups file on the target branch, or use another token; it does not exist, or the token may not read it; it needs: organization members: read\
""")


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        Response(200, b"<html>Sign in</html>", {"content-type": "text/html"}),
        Response.of({"message": "Not Found"}, 404),
        Response.of({"message": "Bad credentials"}, 401),
        Response.of([{"user": None, "state": "APPROVED"}]),
        Response(302, b"", {"location": "https://evil.example.com/"}),
        Response.of({}, 429, retry_after="100000"),
    ],
)
def test_a_forge_that_does_not_answer(
    world: World, forge: FakeGitHub, pull: Pull, answer: Response
) -> None:
    forge.review(12, "bob", on=pull.head)
    forge.instead.append(lambda request: answer if request.path.endswith("reviews") else None)
    refuse(world.repo, *LOCAL, code=2)


@pytest.mark.slow
def test_a_pull_request_that_was_sent_elsewhere(
    world: World, forge: FakeGitHub, pull: Pull
) -> None:
    pull.base = "weak"
    forge.review(12, "bob", on=pull.head)
    assert refuse(world.repo, *LOCAL, code=2) == snapshot("""\
error: pull request 12 targets 'weak', and this run is for 'main'
 hint: run it again: the pull request was retargeted\
""")


# --- GitLab


@pytest.mark.story
def test_a_merge_request(world: World, lab: FakeGitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    merge = lab.open(12)
    merge.versions.clear()
    merge.base = world.repo.rev("main")
    lab.groups = {"acme/leads": {"ann"}, "acme/writers": {"kim"}}
    lab.members = {"kim": 30}
    head = world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    for name, value in {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": lab.url,
        "CI_COMMIT_SHA": head,
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "PROMPTOPS_GITLAB_TOKEN": "good",
    }.items():
        monkeypatch.setenv(name, value)
    lab.push(12, head)
    assert run(world.repo, *LOCAL).exit_code == 1
    lab.approve(12, "kim")
    accept(world.repo, *LOCAL)
    lab.push(12, world.propose({TRIAGE: prompt("1.1.0", "Triage as I say.")}))
    result = run(world.repo, *LOCAL, "--explain")
    assert result.exit_code == 1, result.output
    assert explained(result.output) == snapshot("""\
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @bob or @acme/writers: not met
  - @kim, gitlab: approved other content\
""")
    lab.tokens.clear()
    refuse(world.repo, *LOCAL, code=2)
