"""`promptops status`: every line is true, and the command beside it does no harm."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept as do
from tests.cli.running import run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


def build_shop(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text()})
    do(repo, "release", "a")
    for environment in ("staging", "production"):
        do(repo, "promote", "a", "--to", environment)
    repo.commit({"prompts/a.md": prompt_text("1.1.0", "Now {{ question }}")})
    do(repo, "release", "a")
    for environment in ("staging", "production"):
        do(repo, "promote", "a@1.1.0", "--to", environment)


@pytest.fixture
def shop(tmp_path: Path) -> Repo:
    """`a` at 1.0.0 and 1.1.0; production had both, and now has the second."""
    copy_template(build_shop, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def items(repo: Repo) -> list[dict[str, Any]]:
    """What status finds unfinished."""
    found: list[dict[str, Any]] = json.loads(do(repo, "status", "--format", "json"))["items"]
    return found


def test_when_all_is_done_it_says_so(shop: Repo) -> None:
    assert items(shop) == []
    assert do(shop, "status") == snapshot("""\
on main, 1 prompt
staging: deployment 2, 1 live
production: deployment 2, 1 live

everything is committed, released and live
""")


def test_what_was_rolled_back_is_not_proposed_again(shop: Repo) -> None:
    do(shop, "rollback", "a", "--env", "production")
    (item,) = items(shop)
    assert item["detail"] == snapshot("1.1.0 is in staging; production has 1.0.0, after a rollback")
    assert item["command"] == snapshot("promptops history a --env production")


def test_a_step_down_is_not_proposed(shop: Repo) -> None:
    do(shop, "promote", "a@1.0.0", "--to", "staging")
    first, second = items(shop)
    assert first["detail"] == snapshot("1.1.0 is released, staging has 1.0.0")
    assert second["detail"] == snapshot("1.0.0 is in staging, but production has 1.1.0 already")
    assert second["command"] == snapshot("promptops history a --env production")


def test_what_comes_next_is_proposed(shop: Repo) -> None:
    shop.commit({"prompts/a.md": prompt_text("1.2.0", "Then {{ question }}")})
    do(shop, "release", "a")
    (item,) = [one for one in items(shop) if "staging" in one["command"]]
    assert item["command"] == snapshot("promptops promote a@1.2.0 --to staging")
    do(shop, "promote", "a@1.2.0", "--to", "staging", "--share", "10")
    assert [one for one in items(shop) if "staging" in one["command"]] == []


def test_a_yanked_version_is_not_proposed_and_a_live_one_is_named(shop: Repo) -> None:
    shop.commit({"prompts/a.md": prompt_text("1.2.0", "Then {{ question }}")})
    do(shop, "release", "a")
    do(shop, "yank", "a@1.2.0", "--reason", "it swears")
    assert items(shop) == []
    do(shop, "yank", "a@1.1.0", "--reason", "so does this")
    assert [(one["concern"], one["command"]) for one in items(shop)] == [
        ("yanked", "promptops rollback a --env staging"),
        ("yanked", "promptops rollback a --env production"),
    ]
    assert do(shop, "list", "--live") == snapshot("""\
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


def test_many_are_settled_by_one_short_command(repo: Repo) -> None:
    names = [f"p{number:02}" for number in range(23)]
    for name in names:
        repo.write(f"prompts/{name}.md", prompt_text())
    repo.write(
        "evals/p22.yaml",
        "schema: promptops.suite/v1\nprompt: p22\nsamples: [{name: a, inputs: {question: q}}]\n",
    )
    lines = do(repo, "status").splitlines()
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
    do(repo, "release", "--all")
    lines = do(repo, "status").splitlines()
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


def test_one_command_settles_all_that_it_can(repo: Repo) -> None:
    repo.commit({f"prompts/{name}.md": prompt_text() for name in "abc"})
    shown = do(repo, "status").splitlines()
    assert masked(shown[-1]) == snapshot("  promptops release a b c")
    assert [line.split()[0] for line in shown[-4:-1]] == ["a", "b", "c"]
    do(repo, "release", "--all")
    assert do(repo, "status").splitlines()[-1] == snapshot(
        "  promptops promote a@1.0.0 b@1.0.0 c@1.0.0 --to staging"
    )
    for name in "ab":
        repo.write(f"prompts/{name}.md", prompt_text(body="Else {{ question }}"))
    told = do(repo, "status")
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


def test_a_pause_does_not_hide_that_a_version_was_rolled_back(shop: Repo) -> None:
    do(shop, "rollback", "a", "--env", "production")
    do(shop, "pause", "a", "--env", "production", "-m", "incident 7")
    commands = {one["concern"]: one["command"] for one in items(shop)}
    assert masked(commands["differs"]) == snapshot("promptops history a --env production")
    assert masked(commands["paused"]) == snapshot("promptops resume a --env production")


def test_what_is_known_has_its_age(shop: Repo, tmp_path: Path) -> None:
    assert run(shop, "status").stderr == ""
    shop.publish(tmp_path / "origin.git")
    for verb in (("status",), ("verify",), ("trace", "a@1.1.0")):
        assert run(shop, *verb).stderr.endswith("ago; origin was not asked\n"), verb
