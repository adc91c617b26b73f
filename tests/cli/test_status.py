"""`promptops status`: every line is true, and the command beside it does no harm."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import document
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


def build_shop(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text()})
    accept(repo, "release", "a")
    for environment in ("staging", "production"):
        accept(repo, "promote", "a", "--to", environment)
    repo.commit({"prompts/a.md": prompt_text("1.1.0", "Now {{ question }}")})
    accept(repo, "release", "a")
    for environment in ("staging", "production"):
        accept(repo, "promote", "a@1.1.0", "--to", environment)


@pytest.fixture
def shop(tmp_path: Path) -> Repo:
    """`a` at 1.0.0 and 1.1.0; production had both, and now has the second."""
    copy_template(build_shop, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def items(repo: Repo) -> list[dict[str, Any]]:
    """What status finds unfinished."""
    found: list[dict[str, Any]] = json.loads(accept(repo, "status", "--format", "json"))["items"]
    return found


@pytest.mark.story
def test_when_all_is_done_it_says_so(shop: Repo) -> None:
    assert items(shop) == []
    assert accept(shop, "status") == snapshot("""\
on main, 1 prompt
staging: deployment 2, 1 live
production: deployment 2, 1 live

everything is committed, released and live
""")


@pytest.mark.slow
def test_what_was_rolled_back_is_not_proposed_again(shop: Repo) -> None:
    accept(shop, "rollback", "a", "--env", "production")
    (item,) = items(shop)
    assert item["detail"] == snapshot("1.1.0 is in staging; production has 1.0.0, after a rollback")
    assert item["command"] == snapshot("promptops history a --env production")


@pytest.mark.slow
def test_a_step_down_is_not_proposed(shop: Repo) -> None:
    accept(shop, "promote", "a@1.0.0", "--to", "staging")
    first, second = items(shop)
    assert first["detail"] == snapshot("1.1.0 is released, staging has 1.0.0")
    assert second["detail"] == snapshot("1.0.0 is in staging, but production has 1.1.0 already")
    assert second["command"] == snapshot("promptops history a --env production")


@pytest.mark.slow
def test_what_comes_next_is_proposed(shop: Repo) -> None:
    shop.commit({"prompts/a.md": prompt_text("1.2.0", "Then {{ question }}")})
    accept(shop, "release", "a")
    (item,) = [one for one in items(shop) if "staging" in one["command"]]
    assert item["command"] == snapshot("promptops promote a@1.2.0 --to staging")
    accept(shop, "promote", "a@1.2.0", "--to", "staging", "--share", "10")
    assert [one for one in items(shop) if "staging" in one["command"]] == []


@pytest.mark.slow
def test_a_yanked_version_is_not_proposed_and_a_live_one_is_named(shop: Repo) -> None:
    shop.commit({"prompts/a.md": prompt_text("1.2.0", "Then {{ question }}")})
    accept(shop, "release", "a")
    accept(shop, "yank", "a@1.2.0", "--reason", "it swears")
    assert items(shop) == []
    accept(shop, "yank", "a@1.1.0", "--reason", "so does this")
    assert [(one["concern"], one["command"]) for one in items(shop)] == [
        ("yanked", "promptops rollback a --env staging"),
        ("yanked", "promptops rollback a --env production"),
    ]
    assert accept(shop, "list", "--live") == snapshot("""\
NAME  STAGING         PRODUCTION
a     1.1.0 (yanked)  1.1.0 (yanked)
""")


def test_what_left_the_work_tree_is_to_be_retired_and_nothing_else(shop: Repo) -> None:
    shutil.rmtree(shop.path / "prompts")
    shop.commit(message="remove it")
    assert {one["command"] for one in items(shop)} == {
        "promptops retire a --env staging --reason TEXT",
        "promptops retire a --env production --reason TEXT",
    }


def test_each_state_of_a_file_has_its_line(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text(), "prompts/draft.md": prompt_text(status="draft")})
    repo.write("prompts/broken.md", "nothing")
    repo.write("prompts/new.md", prompt_text())
    found = {(one["concern"], one["subject"]): one["command"] for one in items(repo)}
    assert found["invalid", "broken"] == "promptops validate broken"
    assert found["uncommitted", "new"] == snapshot("git add prompts/new.md && git commit")
    assert found["unreleased", "a"] == "promptops release a"
    assert ("unreleased", "draft") not in found


@pytest.mark.story
def test_many_are_settled_by_one_short_command(repo: Repo) -> None:
    names = [f"p{number:02}" for number in range(23)]
    for name in names:
        repo.write(f"prompts/{name}.md", prompt_text())
    repo.write(
        "evals/p22.yaml",
        "schema: promptops.suite/v1\nprompt: p22\nsamples: [{name: a, inputs: {question: q}}]\n",
    )
    lines = accept(repo, "status").splitlines()
    assert masked(lines) == snapshot(
        [
            "on main, 23 prompts",
            "",
            "Not committed",
            "  p00  prompts/p00.md",
            "  p01  prompts/p01.md",
            "  p02  prompts/p02.md",
            "  p03  prompts/p03.md",
            "  p04  prompts/p04.md",
            "  p05  prompts/p05.md",
            "  p06  prompts/p06.md",
            "  p07  prompts/p07.md",
            "  p08  prompts/p08.md",
            "  p09  prompts/p09.md",
            "  p10  prompts/p10.md",
            "  p11  prompts/p11.md",
            "  p12  prompts/p12.md",
            "  p13  prompts/p13.md",
            "  p14  prompts/p14.md",
            "  p15  prompts/p15.md",
            "  p16  prompts/p16.md",
            "  p17  prompts/p17.md",
            "  p18  prompts/p18.md",
            "  p19  prompts/p19.md",
            "  git add prompts evals && git commit",
            "  … and 3 more (--format json lists all)",
            "",
            "Not released",
            "  p00  1.0.0 is not released yet",
            "  p01  1.0.0 is not released yet",
            "  p02  1.0.0 is not released yet",
            "  p03  1.0.0 is not released yet",
            "  p04  1.0.0 is not released yet",
            "  p05  1.0.0 is not released yet",
            "  p06  1.0.0 is not released yet",
            "  p07  1.0.0 is not released yet",
            "  p08  1.0.0 is not released yet",
            "  p09  1.0.0 is not released yet",
            "  p10  1.0.0 is not released yet",
            "  p11  1.0.0 is not released yet",
            "  p12  1.0.0 is not released yet",
            "  p13  1.0.0 is not released yet",
            "  p14  1.0.0 is not released yet",
            "  p15  1.0.0 is not released yet",
            "  p16  1.0.0 is not released yet",
            "  p17  1.0.0 is not released yet",
            "  p18  1.0.0 is not released yet",
            "  p19  1.0.0 is not released yet",
            "  promptops release --all",
            "  … and 3 more (--format json lists all)",
        ]
    )
    assert masked(lines[-2:]) == snapshot(
        ["  promptops release --all", "  … and 3 more (--format json lists all)"]
    )
    assert items(repo)[22]["detail"] == "prompts/p22.md, evals/p22.yaml"
    repo.git("add", "prompts", "evals")
    repo.git("commit", "--quiet", "-m", "all")
    accept(repo, "release", "--all")
    lines = accept(repo, "status").splitlines()
    assert (
        lines[-2] == f"  promptops promote {' '.join(f'{one}@1.0.0' for one in names)} --to staging"
    )
    assert masked(run(repo, "promote", "--all", "--to", "staging").stderr) == snapshot("""\
deployment 1 of staging
to undo it: promptops retire --all --env staging --reason TEXT
""")
    assert masked(run(repo, "pause", "--all", "--env", "staging", "-m", "x").stderr) == snapshot("""\
deployment 2 of staging
to undo it: promptops rollback --env staging --to-deployment 1
""")


@pytest.mark.slow
def test_one_command_settles_all_that_it_can(repo: Repo) -> None:
    repo.commit({f"prompts/{name}.md": prompt_text() for name in "abc"})
    shown = accept(repo, "status").splitlines()
    assert masked(shown[-1]) == snapshot("  promptops release a b c")
    assert [line.split()[0] for line in shown[-4:-1]] == ["a", "b", "c"]
    accept(repo, "release", "--all")
    assert accept(repo, "status").splitlines()[-1] == snapshot(
        "  promptops promote a@1.0.0 b@1.0.0 c@1.0.0 --to staging"
    )
    for name in "ab":
        repo.write(f"prompts/{name}.md", prompt_text(body="Else {{ question }}"))
    told = accept(repo, "status")
    assert told == snapshot("""\
on main, 3 prompts

Not committed
  a  prompts/a.md
  b  prompts/b.md
  git add prompts/a.md prompts/b.md && git commit

Changed since their release
  a  differs from its release 1.0.0
  b  differs from its release 1.0.0
  promptops bump a b

Released, but not live
  a  1.0.0 is released, not live in staging
  b  1.0.0 is released, not live in staging
  c  1.0.0 is released, not live in staging
  promptops promote a@1.0.0 b@1.0.0 c@1.0.0 --to staging
""")


@pytest.mark.slow
def test_a_pause_does_not_hide_that_a_version_was_rolled_back(shop: Repo) -> None:
    accept(shop, "rollback", "a", "--env", "production")
    accept(shop, "pause", "a", "--env", "production", "-m", "incident 7")
    commands = {one["concern"]: one["command"] for one in items(shop)}
    assert masked(commands["differs"]) == snapshot("promptops history a --env production")
    assert masked(commands["paused"]) == snapshot("promptops resume a --env production")


@pytest.mark.story
def test_what_is_known_has_its_age(shop: Repo, tmp_path: Path) -> None:
    assert run(shop, "status").stderr == ""
    shop.publish(tmp_path / "origin.git")
    for verb in (("status",), ("verify",), ("trace", "a@1.1.0")):
        assert run(shop, *verb).stderr.endswith("ago; origin was not asked\n"), verb


def concerns(repo: Repo) -> list[tuple[str, str, str]]:
    items = document(repo, "status")["items"]
    return [(item["concern"], item["subject"], item["command"]) for item in items]


@pytest.mark.slow
def test_status_names_what_is_unfinished_and_what_comes_next(staged: Repo) -> None:
    assert concerns(staged) == [("differs", "a", "promptops promote a --to production")]
    staged.commit({"prompts/a.md": prompt_text("1.1.0", body="Changed {{ question }}")})
    staged.write("prompts/c.md", prompt_text("0.1.0"))
    staged.write("prompts/d.md", "nothing")
    staged.write("prompts/e f/_x.md", "x")
    assert concerns(staged) == [
        ("invalid", "d", "promptops validate d"),
        ("uncommitted", "c", "git add prompts/c.md && git commit"),
        ("changed", "a", "promptops bump a"),
        ("unreleased", "c", "promptops release c"),
        ("differs", "a", "promptops promote a --to production"),
    ]
    text = accept(staged, "status")
    assert text == snapshot("""\
on main, 4 prompts
staging: deployment 2, 1 live
production: deployment 1, 1 live

Not valid
  d  d is not valid: d.md:1:1: the file does not begin with frontmatter
     promptops validate d

Not committed
  c  prompts/c.md
     git add prompts/c.md && git commit

Changed since their release
  a  differs from its release 1.1.0
     promptops bump a

Not released
  c  0.1.0 is not released yet
     promptops release c

Different between environments
  a  1.1.0 is in staging, production has 1.0.0
     promptops promote a --to production
""")


@pytest.mark.story
def test_what_status_proposes_finishes_the_work(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    for _ in range(4):
        items = concerns(repo)
        if not items:
            break
        accept(repo, *items[0][2].removeprefix("promptops ").split())
    assert accept(repo, "status") == snapshot("""\
on main, 1 prompt
staging: deployment 1, 1 live
production: deployment 1, 1 live

everything is committed, released and live
""")


@pytest.mark.slow
def test_status_shows_pauses_and_what_is_gone(staged: Repo) -> None:
    accept(staged, "pause", "a", "--env", "staging", "--reason", "it swears", "--yes")
    staged.git("rm", "--quiet", "prompts/a.md")
    staged.git("commit", "--quiet", "-m", "drop a")
    assert [item[0] for item in concerns(staged)] == ["paused", "gone", "gone"]


def test_status_of_an_empty_repository_and_without_a_work_tree(repo: Repo, tmp_path: Path) -> None:
    assert accept(repo, "status") == snapshot("""\
on main, 0 prompts

no prompts yet: run promptops init to set up the repository with a first prompt,
or promptops adopt PATH to import existing prompts
""")
    repo.commit({"prompts/a.md": prompt_text()})
    result = run(repo.publish(tmp_path / "bare.git"), "status")
    assert result.exit_code == 2
    assert result.stderr == snapshot("""\
error: this is a bare repository: there is no work tree here
 hint: run the command in a clone of it
""")


@pytest.mark.story
def test_deployments_that_were_not_pushed_are_pending(staged: Repo, tmp_path: Path) -> None:
    staged.publish(tmp_path / "bare.git")
    accept(staged, "promote", "a@latest", "--to", "production", "--local", "--yes")
    found = [item for item in concerns(staged) if item[0] == "pending"]
    assert found == [("pending", "production", "git push origin promptops/production")]
    result = run(staged, "list", "--live")
    assert result.stdout == snapshot("NAME  STAGING  PRODUCTION\na     1.1.0    1.0.0\n")
    assert result.stderr == snapshot("""\
production: 1 deployment not pushed yet, so not live
hint: git push origin promptops/production
""")
