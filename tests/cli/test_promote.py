"""`promptops promote`: which version goes live where, what is refused, and the remote's truth."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery import deployments
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.screens import masked
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


def build_team(folder: Path) -> None:
    team = Team.found(folder, ["a", "b"])
    accept(team.first, "release", "--all", "--push")
    for version in ("1.1.0", "1.2.0"):
        team.commit({"prompts/a.md": prompt_text(version, f"{version} {{{{ question }}}}")})
        accept(team.first, "release", "a", "--push")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """Releases 1.0.0, 1.1.0 and 1.2.0 of `a`, and 1.0.0 of `b`, all pushed; nothing live."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def build_spread(folder: Path) -> None:
    copy_template(build_team, folder, folder.parents[1])
    repo = Team.at(folder).first
    accept(repo, "promote", "a@1.1.0", "b", "--to", "staging")
    accept(repo, "promote", "a", "--to", "production")


@pytest.fixture
def spread(tmp_path: Path) -> Team:
    """`a` 1.1.0 is in staging and production, `b` in staging."""
    copy_template(build_spread, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


def live(repo: Repo, environment: str = "staging") -> dict[str, str]:
    document = json.loads(
        repo.git("show", f"refs/remotes/origin/promptops/{environment}:promptops.lock")
    )
    return {
        name: ", ".join(f"{one['version']} {one['share']}" for one in entry["live"])
        for name, entry in document["prompts"].items()
    }


@pytest.mark.story
def test_the_first_environment_gets_the_latest_and_the_next_what_is_before_it(team: Team) -> None:
    assert accept(team.first, "promote", "a", "--to", "staging") == snapshot(
        "staging: a (not deployed) -> 1.2.0\n"
    )
    accept(team.first, "promote", "a@1.1.0", "--to", "staging")
    out = accept(team.first, "promote", "a", "--to", "production")
    assert out == snapshot("production: a (not deployed) -> 1.1.0\n")
    assert live(team.first, "production") == {"a": "1.1.0 100"}
    accept(team.first, "verify")


@pytest.mark.story
@pytest.mark.parametrize(
    ("ref", "version"),
    [("a@1.0.0", "1.0.0"), ("a@~1.1.0", "1.1.0"), ("a@latest", "1.2.0"), ("a@production", "1.1.0")],
)
def test_selectors(spread: Team, ref: str, version: str) -> None:
    accept(spread.first, "promote", ref, "--to", "staging")
    assert live(spread.first) == {"a": f"{version} 100", "b": "1.0.0 100"}


@pytest.mark.story
def test_all_of_an_environment_is_one_deployment(team: Team) -> None:
    accept(team.first, "promote", "a", "b", "--to", "staging")
    words = ("promote", "--from", "staging", "--to", "production", "--all", "--format", "json")
    document = json.loads(accept(team.first, *words))
    assert document["schema"] == "promptops.deployment/v2"
    assert document["deployment"]["number"] == 1
    assert [change["prompt"] for change in document["changes"]] == ["a", "b"]


@pytest.mark.slow
def test_what_is_live_already_makes_no_deployment(team: Team) -> None:
    accept(team.first, "promote", "a", "--to", "staging")
    tip = team.remote.rev("promptops/staging")
    result = run(team.first, "promote", "a", "--to", "staging")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot("staging: nothing to change: a 1.2.0\n")
    assert team.remote.rev("promptops/staging") == tip


@pytest.mark.story
def test_what_the_environment_before_does_not_have_yet_is_named(team: Team) -> None:
    for environment in ("staging", "production"):
        accept(team.first, "promote", "a@1.1.0", "b", "--to", environment)
    said = run(team.first, "promote", "a", "b", "--to", "production").stderr
    assert said == snapshot("""\
production: nothing to change: a 1.1.0, b 1.0.0
a 1.2.0 is released, but staging has 1.1.0
to bring it there first: promptops promote a@1.2.0 --to staging
""")
    # Who names the version knows which one it is; and a yanked one must not come.
    told = "production: nothing to change: a 1.1.0\n"
    assert run(team.first, "promote", "a@1.1.0", "--to", "production").stderr == told
    accept(team.first, "yank", "a@1.2.0", "--reason", "it swears")
    assert run(team.first, "promote", "a", "--to", "production").stderr == told


@pytest.mark.story
def test_shares_ramp_and_a_third_version_waits(team: Team) -> None:
    def promote(ref: str, share: int) -> None:
        accept(team.first, "promote", ref, "--to", "staging", "--share", str(share))

    promote("a@1.0.0", 100)
    for share in (10, 50):
        promote("a@1.1.0", share)
        assert live(team.first) == {"a": f"1.0.0 {100 - share}, 1.1.0 {share}"}
    told = refuse(team.first, "promote", "a@1.2.0", "--to", "staging")
    assert told == snapshot("""\
error: a splits its traffic: 1.0.0 50%, 1.1.0 50%
 hint: promote one of the two at 100 %, or roll back, before 1.2.0 can start\
""")
    told = refuse(team.first, "promote", "a", "--to", "production")
    assert told == snapshot("""\
error: a splits its traffic in staging: 1.0.0 50%, 1.1.0 50%
 hint: say which version is meant: a@1.1.0\
""")
    promote("a@1.1.0", 100)
    accept(team.first, "rollback", "a", "--env", "staging")
    assert live(team.first) == {"a": "1.0.0 100"}


@pytest.mark.slow
def test_a_share_needs_somebody_to_share_with(team: Team) -> None:
    told = refuse(team.first, "promote", "a", "--to", "staging", "--share", "10", code=2)
    assert told == snapshot("""\
error: a has no other version live to share traffic with 1.2.0
 hint: remove --share\
""")


_NONSENSE = (
    (("a",), "no environment given"),
    (("a", "--to", "prod"), "there is no environment 'prod'"),
    (("--to", "staging"), "no prompt given"),
    (
        ("a", "--from", "staging", "--to", "production", "--all"),
        "names and --all cannot be combined",
    ),
    (("a@1.0.0", "a@1.1.0", "--to", "staging"), "a is named twice, as 1.0.0 and as 1.1.0"),
    (("a@1.0.0", "a", "--to", "staging"), "a is named twice, as 1.0.0 and as 1.2.0"),
    (("a@working", "--to", "staging"), "the work tree cannot be promoted"),
    (("a@9.9.9", "--to", "staging"), "a 9.9.9 is not released"),
    (("c", "--to", "staging"), "c has no release"),
    (("a@", "--to", "staging"), "ends in '@'"),
    (("../a", "--to", "staging"), "is not a prompt name"),
    (("a", "--to", "production"), "staging has no deployments"),
    (("a", "--from", "nowhere", "--to", "staging"), "there is no environment 'nowhere'"),
)


@pytest.mark.story
def test_requests_that_make_no_sense(team: Team) -> None:
    for words, told in _NONSENSE:
        assert told in refuse(team.first, "promote", *words, code=2)
    assert team.remote.refs("refs/heads/promptops/") == {}


def test_a_share_is_a_per_cent(team: Team) -> None:
    for share in ("0", "101", "-1", "9" * 30, "ten"):
        result = run(team.first, "promote", "a", "--to", "staging", "--share", share)
        assert result.exit_code == 2
        assert "--share" in result.stderr


@pytest.mark.slow
def test_the_same_release_twice_is_once(team: Team) -> None:
    accept(team.first, "promote", "a@1.2.0", "a@latest", "--to", "staging")
    assert live(team.first) == {"a": "1.2.0 100"}


@pytest.mark.story
def test_only_what_others_can_trace_is_deployed(team: Team) -> None:
    team.first.commit({"prompts/a.md": prompt_text("1.3.0", "Three {{ question }}")})
    accept(team.first, "release", "a")
    told = refuse(team.first, "promote", "a@1.3.0", "--to", "staging")
    assert told == snapshot("""\
error: a@1.3.0 is not on origin
 hint: git push origin refs/tags/prompts/a@1.3.0\
""")
    team.first.git("push", "-q", "origin", "refs/tags/prompts/a@1.3.0")
    accept(team.first, "promote", "a@1.3.0", "--to", "staging")
    told = refuse(team.first, "promote", "a", "--to", "production")
    assert told == snapshot("""\
error: a@1.3.0 is not merged: its commit is not on origin/main
 hint: merge it first; production takes merged releases only\
""")


@pytest.mark.story
def test_an_environment_may_insist_on_another_one_first(team: Team) -> None:
    configuration = '[environments.staging]\n[environments.production]\nfrom = "staging"\n'
    team.commit({"promptops.toml": configuration})
    accept(team.first, "promote", "a@1.0.0", "--to", "staging")
    told = refuse(team.first, "promote", "a@1.1.0", "--to", "production")
    assert told == snapshot("""\
error: a@1.1.0 is not live in staging, from where production takes its versions
 hint: promptops promote a@1.1.0 --to staging\
""")
    accept(team.first, "promote", "a@1.0.0", "--to", "production")


@pytest.mark.slow
def test_a_dry_run_deploys_nothing(team: Team) -> None:
    result = run(team.first, "promote", "a", "--to", "staging", "--dry-run")
    assert result.stdout == snapshot("staging: a (not deployed) -> 1.2.0\n")
    assert result.stderr == snapshot("nothing was changed: this was a dry run\n")
    assert team.remote.refs("refs/heads/promptops/") == {}


@pytest.mark.slow
def test_reasons_that_look_like_trailers_stay_reasons(team: Team) -> None:
    reason = "hot fix\n\nDeployment: 99\nAction: retire"
    accept(team.first, "promote", "a", "--to", "staging", "--reason", reason)
    out = accept(team.first, "history", "--env", "staging")
    assert out == snapshot("""\
2026-01-01 00:00 +0000  staging 1  promote  by Jane Doe
    a (not deployed) -> 1.2.0
    hot fix Deployment: 99 Action: retire
""")
    accept(team.first, "verify")


# The remote is the truth


@pytest.mark.story
def test_unreachable_means_unchanged_and_local_opts_out(team: Team) -> None:
    accept(team.first, "promote", "a@1.0.0", "--to", "staging")
    before = team.first.refs()
    team.remote.path.rename(team.folder / "away.git")
    told = refuse(team.first, "promote", "a@1.1.0", "--to", "staging", code=2)
    assert masked(told) == snapshot("""\
error: cannot reach the remote origin: '<folder>/remote.git' does not appear to be a git repository
 hint: check the address (git remote -v) and that you may read the repository; use --local to work without the remote\
""")
    assert team.first.refs() == before
    result = run(team.first, "promote", "a@1.1.0", "--to", "staging", "--local")
    assert result.stderr == snapshot("""\
deployment 2 of staging
to undo it: promptops rollback a --env staging
warning: staging: 1 deployment is not pushed to origin
   hint: git push origin promptops/staging; if that is refused, drop it with git branch -D promptops/staging
""")
    assert live(team.first) == {"a": "1.0.0 100"}
    (team.folder / "away.git").rename(team.remote.path)
    team.first.git("push", "-q", "origin", "promptops/staging")
    assert live(team.first) == {"a": "1.1.0 100"}
    accept(team.first, "verify")


@pytest.mark.story
def test_local_deployments_are_not_left_behind_unsaid(team: Team) -> None:
    accept(team.first, "promote", "a@1.0.0", "--to", "staging", "--local")
    told = run(team.first, "promote", "a@1.1.0", "--to", "staging").stderr
    assert "git push origin promptops/staging" in told or "git branch -D" in told
    accept(team.clone("other"), "promote", "a@1.2.0", "--to", "staging")
    team.first.git("fetch", "-q", "origin")
    told = refuse(team.first, "promote", "a@1.2.0", "--to", "staging", "--local", code=2)
    assert told == snapshot("""\
error: the local branch promptops/staging and the one of origin have diverged
 hint: to drop the local deployments: git branch -D promptops/staging\
""")
    team.first.git("branch", "-q", "-D", "promptops/staging")
    accept(team.first, "promote", "a@1.0.0", "--to", "staging", "--local")


@pytest.mark.story
def test_a_local_deployment_that_the_remote_refuses_is_in_nobodys_way_for_ever(team: Team) -> None:
    """Least of all in that of the kill switch."""
    accept(team.first, "promote", "a@1.0.0", "--to", "staging")
    accept(team.first, "promote", "a@1.1.0", "--to", "staging", "--local")
    team.remote.hook("update", "exit 1")
    told = refuse(team.first, "pause", "a", "--env", "staging", "--reason", "wrong")
    assert told == snapshot("""\
error: staging has 1 deployment here that was never pushed to origin
 hint: git push origin promptops/staging; if that is refused, drop it with git branch -D promptops/staging\
""")
    found = re.search(r"if that is refused, drop it with (git branch -D \S+)", told)
    assert found is not None
    team.first.git(*found[1].split()[1:])
    team.remote.hook("update", "exit 0")
    accept(team.first, "pause", "a", "--env", "staging", "--reason", "wrong")


@pytest.mark.slow
def test_a_remote_may_refuse_and_nothing_changes(team: Team) -> None:
    team.remote.hook("update", "echo 'no deploys on friday' >&2; exit 1")
    told = refuse(team.first, "promote", "a", "--to", "staging")
    assert told == snapshot("""\
error: origin refused the deployment: no deploys on friday (hook declined)
 hint: nothing was changed; follow its message, or ask the remote's administrator\
""")
    assert not [ref for ref in team.first.refs() if "promptops" in ref]


@pytest.mark.story
def test_a_lock_that_a_crash_left_on_the_remote_is_named(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployments, "_RETRY_SECONDS", 0.0)
    accept(team.first, "promote", "a@1.0.0", "--to", "staging")
    lock = team.remote.path / "refs/heads/promptops/staging.lock"
    lock.touch()
    told = refuse(team.first, "promote", "a@1.1.0", "--to", "staging")
    assert masked(told) == snapshot("""\
error: the branch of staging stayed locked, so nothing was deployed: Unable to create '<folder>/remote.git/./refs/heads/promptops/staging.lock': File exists.
 hint: if no push is running, a crash left that file, and it may be removed there\
""")
    lock.unlink()
    accept(team.first, "promote", "a@1.1.0", "--to", "staging")


@pytest.mark.slow
def test_a_pre_push_hook_may_refuse(team: Team) -> None:
    team.first.hook("pre-push", "echo 'not now' >&2; exit 1")
    told = refuse(team.first, "promote", "a", "--to", "staging", code=2)
    assert told == snapshot("""\
error: the pre-push hook rejected the push: not now
 hint: fix what the hook reports, then try again\
""")


@pytest.mark.slow
def test_a_remote_may_be_called_otherwise(team: Team) -> None:
    team.first.git("remote", "rename", "origin", "upstream")
    told = refuse(team.first, "promote", "a", "--to", "staging", code=2)
    assert told == snapshot("""\
error: this clone has no remote 'origin', where the environments are; it has upstream
 hint: write remote = "upstream" into promptops.toml, or deploy with --local\
""")
    assert team.first.refs("refs/heads/promptops/") == {}
    team.first.commit({"promptops.toml": 'remote = "upstream"\n'})
    accept(team.first, "promote", "a", "--to", "staging")
    assert "refs/heads/promptops/staging" in team.remote.refs()
    team.first.commit({"promptops.toml": 'remote = "nowhere"\n'})
    told = refuse(team.first, "promote", "a", "--to", "staging", code=2)
    assert told == snapshot("""\
error: promptops.toml names the remote 'nowhere', which this clone does not have
 hint: git remote add nowhere URL, or name another one there (git remote -v)\
""")


@pytest.mark.story
def test_an_environment_branch_that_is_checked_out_does_not_matter_with_a_remote(
    team: Team,
) -> None:
    accept(team.first, "promote", "a@1.0.0", "--to", "staging")
    team.first.git("checkout", "-q", "promptops/staging")
    accept(team.first, "promote", "a@1.1.0", "--to", "staging")
    told = refuse(team.first, "promote", "a@1.2.0", "--to", "staging", "--local", code=2)
    assert masked(told) == snapshot("""\
error: the branch promptops/staging is checked out in <folder>/first, so it cannot be moved
 hint: switch that worktree to another branch: git -C <folder>/first switch main\
""")


@pytest.mark.story
def test_the_rules_are_those_of_the_default_branch(team: Team) -> None:
    lax = "[environments.staging]\n[environments.production]\n"
    team.commit({"promptops.toml": lax})
    team.commit({"promptops.toml": f'{lax}from = "staging"\n'})
    team.first.git("checkout", "--quiet", "-b", "lax", "HEAD~1")
    assert refuse(team.first, "promote", "a@1.0.0", "--to", "production") == snapshot("""\
error: a@1.0.0 is not live in staging, from where production takes its versions
 hint: promptops promote a@1.0.0 --to staging\
""")
    team.first.git("checkout", "--quiet", "main")
    assert refuse(team.first, "promote", "a@1.0.0", "--to", "production") == snapshot("""\
error: a@1.0.0 is not live in staging, from where production takes its versions
 hint: promptops promote a@1.0.0 --to staging\
""")


@pytest.mark.story
def test_all_means_what_is_live_before_and_first_what_is_released(team: Team) -> None:
    accept(team.first, "yank", "a@1.2.0", "--reason", "it swears")
    out = accept(team.first, "promote", "--all", "--to", "staging")
    assert masked(out.splitlines()) == snapshot(
        ["staging: a (not deployed) -> 1.1.0", "staging: b (not deployed) -> 1.0.0"]
    )
    accept(team.first, "promote", "--all", "--to", "production")
    assert run(team.first, "promote", "--all", "--to", "production").stderr == snapshot(
        "production: nothing to change: a 1.1.0, b 1.0.0\n"
    )


def test_all_of_nothing_says_what_is_missing(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    said = refuse(repo, "promote", "--all", "--to", "staging", code=2)
    assert masked(said) == snapshot("""\
error: there is nothing to promote to staging
 hint: release versions with promptops release --all, or run promptops status\
""")
