"""`promptops rollback`: what was live before, from any clone, in one deployment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, follow_hint, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo

ENV = ("--env", "staging")


def build_repo(folder: Path) -> None:
    repo = Repo.init(folder)
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        repo.commit({"prompts/a.md": prompt_text(version, f"{version} {{{{ question }}}}")})
        accept(repo, "release", "a")
        accept(repo, "promote", f"a@{version}", "--to", "staging")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Without a remote: 1.0.0, 1.1.0 and 1.2.0 of `a` went live in staging, one after the other."""
    copy_template(build_repo, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_team(folder: Path) -> None:
    team = Team.found(folder, ["a"])
    for version in ("1.0.0", "1.1.0"):
        team.commit({"prompts/a.md": prompt_text(version, f"{version} {{{{ question }}}}")})
        accept(team.first, "release", "a", "--push")
        accept(team.first, "promote", f"a@{version}", "--to", "staging")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """With a remote: 1.0.0 and then 1.1.0 of `a` went live in staging."""
    copy_template(build_team, tmp_path, tmp_path.parent)
    return Team.at(tmp_path)


@pytest.mark.story
def test_rolling_back_twice_goes_back_two_versions_and_no_further(repo: Repo) -> None:
    assert accept(repo, "rollback", "a", *ENV) == snapshot("staging: a 1.2.0 -> 1.1.0\n")
    assert accept(repo, "rollback", "a", *ENV) == snapshot("staging: a 1.1.0 -> 1.0.0\n")
    told = refuse(repo, "rollback", "a", *ENV)
    assert told == snapshot("""\
error: nothing to roll back to: 1.0.0 is the first version of a in staging
 hint: promptops retire a --env staging --reason TEXT takes it out\
""")
    accept(repo, "verify")


def test_to_a_version_that_was_live(repo: Repo) -> None:
    told = refuse(repo, "rollback", "a", *ENV, "--to", "9.9.9")
    assert told == snapshot("""\
error: a 9.9.9 is not among the versions that were live in staging before
 hint: see them with promptops history a --env staging, or deploy any release: promptops promote a@9.9.9 --to staging\
""")
    told = refuse(repo, "rollback", "a", *ENV, "--to", "1.2.0")
    assert told == snapshot("""\
error: a 1.2.0 is already live in staging
 hint: to see earlier versions: promptops history a --env staging\
""")
    assert accept(repo, "rollback", "a", *ENV, "--to", "1.0.0") == snapshot(
        "staging: a 1.2.0 -> 1.0.0\n"
    )


@pytest.mark.slow
def test_to_a_deployment_restores_everything(repo: Repo) -> None:
    accept(repo, "retire", "-m", "gone", "a", *ENV)
    out = accept(repo, "rollback", *ENV, "--to-deployment", "2", "--format", "json")
    document = json.loads(out)
    assert document["deployment"]["number"] == 5
    assert document["changes"] == [{"prompt": "a", "from": None, "to": "1.1.0"}]
    result = run(repo, "rollback", *ENV, "--to-deployment", "2")
    assert result.stderr == snapshot("staging: nothing to change\n")
    accept(repo, "verify")


@pytest.mark.slow
def test_a_yanked_version_does_not_come_back(repo: Repo) -> None:
    accept(repo, "yank", "a@1.1.0", "--reason", "wrong facts")
    told = refuse(repo, "rollback", "a", *ENV)
    assert told == snapshot("""\
error: a@1.1.0, live in staging before, is yanked: wrong facts
 hint: go back to a version that is not yanked: promptops rollback a --env staging --to VERSION\
""")
    assert refuse(repo, "rollback", *ENV, "--to-deployment", "2") == snapshot("""\
error: a@1.1.0, live in staging before, is yanked: wrong facts
 hint: go back to a version that is not yanked: promptops rollback a --env staging --to VERSION\
""")
    accept(repo, "rollback", "a", *ENV, "--to", "1.0.0")


def test_a_pause_stays_on(repo: Repo) -> None:
    accept(repo, "pause", "a", *ENV, "--reason", "wrong")
    out = accept(repo, "rollback", "a", *ENV)
    assert out == snapshot("staging: a 1.2.0 (paused) -> 1.1.0 (paused)\n")


def test_a_dry_run_rolls_nothing_back(repo: Repo) -> None:
    tip = repo.rev("promptops/staging")
    accept(repo, "rollback", "a", *ENV, "--dry-run")
    assert repo.rev("promptops/staging") == tip


_NONSENSE = (
    ((*ENV,), "no prompt given"),
    (("a", *ENV, "--to", "banana"), "'banana' is not a version"),
    (("a", *ENV, "--to-deployment", "1"), "restores the whole environment"),
    ((*ENV, "--to-deployment", "1", "--to", "1.0.0"), "restores the whole environment"),
    ((*ENV, "--to-deployment", "4"), "staging has no deployment 4"),
    ((*ENV, "--to-deployment", "9" * 30), "staging has no deployment 999"),
    (("--to-deployment", "1"), "production has no deployments"),
    (("a", "--env", "nowhere"), "there is no environment 'nowhere'"),
    (("../a", *ENV), "is not a prompt name"),
    (("a@1.0.0", *ENV), "hint: promptops rollback a --to 1.0.0"),
)


@pytest.mark.slow
def test_requests_that_make_no_sense(repo: Repo) -> None:
    tip = repo.rev("promptops/staging")
    for words, told in _NONSENSE:
        assert told in refuse(repo, "rollback", *words, code=2)
    for number in ("0", "-3", "two"):
        assert run(repo, "rollback", *ENV, "--to-deployment", number).exit_code == 2
    assert refuse(repo, "rollback", "b", *ENV) == snapshot("""\
error: nothing to roll back to: b is not live in staging
 hint: promptops promote b --to staging makes it live\
""")
    assert repo.rev("promptops/staging") == tip


@pytest.mark.story
def test_any_clone_can(team: Team) -> None:
    assert accept(team.clone("any"), "rollback", "a", *ENV) == snapshot(
        "staging: a 1.1.0 -> 1.0.0\n"
    )
    single = team.remote.clone(team.folder / "single", "--depth=1")
    assert refuse(single, "rollback", "a", *ENV) == snapshot("""\
error: nothing to roll back to: 1.0.0 is the first version of a in staging
 hint: promptops retire a --env staging --reason TEXT takes it out\
""")


@pytest.mark.slow
def test_a_clone_with_cut_off_history_says_how_to_get_it(team: Team) -> None:
    shallow = team.remote.clone(team.folder / "cut", "--depth=1", "--no-single-branch")
    for words in (("a", *ENV), (*ENV, "--to-deployment", "1")):
        told = refuse(shallow, "rollback", *words, code=2)
        assert "deployment 1 of staging is not in this clone" in told
        assert "git fetch --unshallow" in told
    shallow.git("fetch", "-q", "--unshallow")
    accept(shallow, "rollback", "a", *ENV)


@pytest.mark.story
def test_a_deleted_branch_is_no_race(team: Team) -> None:
    team.remote.git("update-ref", "-d", "refs/heads/promptops/staging")
    told = refuse(team.first, "rollback", "a", *ENV, code=2)
    assert told == snapshot("""\
error: somebody deleted promptops/staging on origin
 hint: to restore it: git push origin refs/remotes/origin/promptops/staging:refs/heads/promptops/staging\
""")
    follow_hint(team.first, told.replace("to restore it: ", ": "))
    accept(team.first, "rollback", "a", *ENV)


@pytest.mark.story
def test_a_rewound_branch_is_said_and_stops_only_its_own_environment(team: Team) -> None:
    team.remote.git("update-ref", "refs/heads/promptops/staging", "promptops/staging~1")
    told = refuse(team.first, "rollback", "a", *ENV, code=2)
    assert told == snapshot("""\
error: staging lost deployments on origin since the last fetch: somebody rewrote the branch there
 hint: to restore them: git push origin refs/remotes/origin/promptops/staging:refs/heads/promptops/staging; or, if this was intended: git update-ref -d refs/remotes/origin/promptops/staging\
""")
    accept(team.first, "promote", "a@1.0.0", "--from", "production", "--to", "production")
    follow_hint(team.first, told[: told.index("; or, if")])
    accept(team.first, "rollback", "a", *ENV)


@pytest.mark.slow
def test_a_branch_that_is_checked_out_is_not_moved(repo: Repo) -> None:
    repo.git("worktree", "add", "-q", str(repo.path.parent / "tree"), "promptops/staging")
    told = refuse(repo, "rollback", "a", *ENV, code=2)
    assert masked(told) == snapshot("""\
error: the branch promptops/staging is checked out in <folder>/tree, so it cannot be moved
 hint: switch that worktree to another branch: git -C <folder>/tree switch main\
""")
    accept(repo, "verify")


@pytest.mark.story
def test_what_undoes_a_deployment_is_said(make_repo: MakeRepo) -> None:
    repo = make_repo("fresh")
    for version in ("1.0.0", "1.1.0"):
        repo.commit({"prompts/a.md": prompt_text(version, body=f"{version} {{{{ question }}}}")})
        accept(repo, "release", "a")
    undo = {
        ("promote", "a@1.0.0", "--to", "staging"): "promptops retire a --env staging --reason TEXT",
        ("promote", "a@1.1.0", "--to", "staging"): "promptops rollback a --env staging",
        ("pause", "a", *ENV, "-m", "x"): "promptops resume a --env staging",
        ("resume", "a", *ENV): "promptops pause a --env staging --reason TEXT",
        ("retire", "a", *ENV, "-m", "x"): "promptops rollback a --env staging",
        ("rollback", "--to-deployment", "2", *ENV): "promptops rollback --env staging "
        "--to-deployment 5",
    }
    for words, command in undo.items():
        assert f"to undo it: {command}\n" in run(repo, *words).stderr
    assert json.loads(accept(repo, "rollback", "a", *ENV, "--format", "json"))["changes"] == [
        {"prompt": "a", "from": "1.1.0", "to": "1.0.0"}
    ]


@pytest.mark.story
def test_a_version_that_was_rolled_back_does_not_come_back_unasked(make_repo: MakeRepo) -> None:
    repo = make_repo("fresh")
    for version in ("1.0.0", "1.1.0"):
        repo.commit({"prompts/a.md": prompt_text(version, body=f"{version} {{{{ question }}}}")})
        accept(repo, "release", "a")
        accept(repo, "promote", "a", "--to", "staging")
        accept(repo, "promote", "a", "--to", "production")
    said = run(repo, "rollback", "a", "-m", "too short").stderr
    assert said == snapshot("""\
deployment 3 of production
to undo it: promptops rollback --env production --to-deployment 2
a 1.1.0 is still live in staging; promptops yank a@1.1.0 --reason TEXT keeps it from coming back
""")
    told = refuse(repo, "promote", "a", "--to", "production")
    assert told == snapshot("""\
error: a@1.1.0 was rolled back in production by deployment 3: too short
 hint: promote a version with the fix, or use --again to promote this one anyway\
""")
    accept(repo, "promote", "a", "--to", "production", "--again")
    accept(repo, "promote", "a@1.0.0", "--to", "production")
    accept(repo, "promote", "a@1.1.0", "--to", "production")


@pytest.mark.slow
def test_everything_goes_one_version_back_and_the_text_is_shown(repo: Repo) -> None:
    told = run(repo, "rollback", "--all", *ENV, "--dry-run")
    assert told.stdout == snapshot("staging: a 1.2.0 -> 1.1.0\n")
    assert told.stderr == snapshot("""\
  behaviour  message 1 (user): the model reads another text

  message 1 (user) changed
  @@ line 1 @@
  - 1.2.0 {{ question }}
  + 1.1.0 {{ question }}
nothing was changed: this was a dry run
""")
    assert masked(accept(repo, "rollback", "--all", *ENV)) == snapshot(
        "staging: a 1.2.0 -> 1.1.0\n"
    )
    assert accept(repo, "retire", "--all", *ENV, "-m", "gone") == snapshot(
        "staging: a 1.1.0 -> (not deployed)\n"
    )
    refuse(repo, "retire", "--all", *ENV, "-m", "again", code=2)
    refuse(repo, "rollback", "a", "--all", *ENV, code=2)


@pytest.mark.slow
def test_a_version_that_a_limit_will_refuse_is_said(repo: Repo) -> None:
    repo.commit({"promptops.toml": "[guards]\nspend_per_day = 1\n"})
    said = run(repo, "rollback", "a", *ENV).stderr
    assert said == snapshot("""\
warning: a@1.1.0 has no max_tokens, and guards.spend_per_day is set: its runs are refused
   hint: promote a version with max_tokens, or lift the limit until there is one
deployment 4 of staging
to undo it: promptops rollback --env staging --to-deployment 3
""")
    bounded = prompt_text("1.3.0", "1.3.0 {{ question }}").replace(
        "model:", "max_tokens: 9\nmodel:"
    )
    repo.commit({"prompts/a.md": bounded})
    accept(repo, "release", "a")
    assert "max_tokens" not in run(repo, "promote", "a@1.3.0", "--to", "staging").stderr
