"""`promptops list`: every prompt, and what is live where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import document
from tests.cli.running import accept, run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


def test_a_list_has_plain_columns(staged: Repo) -> None:
    assert accept(staged, "list") == snapshot(
        "NAME    VERSION  STATUS  STAGING  PRODUCTION  WHAT FOR\n"
        "a       1.1.0    active  1.1.0    1.0.0       Answer a question.\n"
        "team/b  0.1.0    draft   -        -           Answer a question.\n"
    )


def test_a_list_as_json_says_all_of_it(staged: Repo) -> None:
    listed = document(staged, "list")
    assert listed["schema"] == "promptops.list/v1"
    first, second = listed["prompts"]
    assert (first["name"], first["version"], first["tags"]) == ("a", "1.1.0", ["x", "y"])
    (version,) = first["live"]["production"]["versions"]
    assert (version["version"], version["share"]) == ("1.0.0", 100)
    assert (second["status"], second["live"]) == ("draft", {})


def test_tags_narrow_a_list(staged: Repo) -> None:
    assert [row["name"] for row in document(staged, "list", "--tag", "y")["prompts"]] == [
        "a",
        "team/b",
    ]
    both = document(staged, "list", "--tag", "y", "--tag", "x")["prompts"]
    assert [row["name"] for row in both] == ["a"]
    result = run(staged, "list", "--tag", "z")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot("there are no prompts with these tags here\n")


def test_what_is_broken_is_listed_too(repo: Repo) -> None:
    repo.write("prompts/a.md", "nothing")
    repo.write("prompts/b.md", b"\xff")
    (repo.path / "prompts" / "c.md").symlink_to("/etc/passwd")
    assert [line.split()[:2] for line in accept(repo, "list").splitlines()[1:]] == [
        ["a", "?"],
        ["b", "?"],
        ["c", "?"],
    ]


def test_a_description_stays_on_its_line(repo: Repo) -> None:
    text = prompt_text(description='"[bold]one\\ntwo\\tthree[/bold]"')
    repo.write("prompts/a.md", text)
    assert accept(repo, "list") == snapshot("""\
NAME  VERSION  STATUS  STAGING  PRODUCTION  WHAT FOR
a     1.0.0    active  -        -           [bold]one two three[/bold]
""")


@pytest.mark.slow
def test_what_is_live_where(staged: Repo, tmp_path: Path) -> None:
    assert accept(staged, "list", "--live") == snapshot(
        "NAME  STAGING  PRODUCTION\na     1.1.0    1.0.0\n"
    )
    live = document(staged, "list", "--live")
    assert (live["schema"], live["environments"]) == (
        "promptops.live/v1",
        ["staging", "production"],
    )
    accept(staged, "pause", "a", "--env", "production", "--reason", "it swears", "--yes")
    paused = "NAME  STAGING  PRODUCTION\na     1.1.0    1.0.0 (paused)\n"
    assert accept(staged, "list", "--live") == paused
    bare = staged.publish(tmp_path / "bare.git")
    assert accept(bare, "list", "--live") == paused
    assert accept(bare, "list") == snapshot("""\
NAME    VERSION  STATUS  STAGING  PRODUCTION      WHAT FOR
a       1.1.0    active  1.1.0    1.0.0 (paused)  Answer a question.
team/b  0.1.0    draft   -        -               Answer a question.
""")


def test_nothing_to_list_says_what_to_do(repo: Repo) -> None:
    for args in (["list"], ["list", "--live"]):
        result = run(repo, *args)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "\nhint: " in result.stderr


@pytest.mark.slow
def test_a_clone_of_one_branch_says_how_to_see_what_is_live(staged: Repo, tmp_path: Path) -> None:
    bare = staged.publish(tmp_path / "bare.git")
    clone = bare.clone(tmp_path / "clone", "--single-branch")
    told = run(clone, "list", "--live", "--offline").stderr
    assert told == snapshot("""\
as of less than 2 minutes ago; origin was not asked
nothing is live, according to this clone
hint: git fetch origin 'refs/heads/promptops/*:refs/remotes/origin/promptops/*' gets what is there; create the first with promptops promote NAME --to staging
""")
    (refspec,) = re.findall("hint: git fetch origin '(\\S+)' gets what is there", told)
    clone.git("fetch", "-q", "origin", refspec)
    assert accept(clone, "list", "--live", "--offline") == snapshot("""\
NAME  STAGING  PRODUCTION
a     1.1.0    1.0.0
""")
