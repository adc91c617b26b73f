"""`promptops list`, `show`, `status` and `schema`: what a person sees of a repository."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.cli.session import fold_rows
from tests.cli.running import run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


def do(repo: Repo, *args: str) -> str:
    result = run(repo, *args)
    assert result.exit_code == 0, result.output
    return result.stdout


def document(repo: Repo, *args: str) -> Any:
    return json.loads(do(repo, *args, "--format", "json"))


def build_shop(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit(
        {
            "prompts/a.md": prompt_text(tags="[x, y]"),
            "prompts/team/b.md": prompt_text("0.1.0", status="draft", tags="[y]"),
        }
    )
    do(repo, "release", "a")
    do(repo, "promote", "a", "--to", "staging", "--yes")
    do(repo, "promote", "a", "--to", "production", "--yes")
    repo.commit({"prompts/a.md": prompt_text("1.1.0", tags="[x, y]", body="Now {{ question }}")})
    do(repo, "release", "a")
    do(repo, "promote", "a@latest", "--to", "staging", "--yes")


@pytest.fixture
def shop(tmp_path: Path) -> Repo:
    """Two prompts; of `a`, 1.0.0 is in production and 1.1.0 in staging; `b` was never released."""
    copy_template(build_shop, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def test_a_list_has_plain_columns(shop: Repo) -> None:
    assert do(shop, "list") == snapshot(
        "NAME    VERSION  STATUS  STAGING  PRODUCTION  WHAT FOR\n"
        "a       1.1.0    active  1.1.0    1.0.0       Answer a question.\n"
        "team/b  0.1.0    draft   -        -           Answer a question.\n"
    )


def test_a_list_as_json_says_all_of_it(shop: Repo) -> None:
    listed = document(shop, "list")
    assert listed["schema"] == "promptops.list/v1"
    first, second = listed["prompts"]
    assert (first["name"], first["version"], first["tags"]) == ("a", "1.1.0", ["x", "y"])
    (version,) = first["live"]["production"]["versions"]
    assert (version["version"], version["share"]) == ("1.0.0", 100)
    assert (second["status"], second["live"]) == ("draft", {})


def test_tags_narrow_a_list(shop: Repo) -> None:
    assert [row["name"] for row in document(shop, "list", "--tag", "y")["prompts"]] == [
        "a",
        "team/b",
    ]
    both = document(shop, "list", "--tag", "y", "--tag", "x")["prompts"]
    assert [row["name"] for row in both] == ["a"]
    result = run(shop, "list", "--tag", "z")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot("there are no prompts with these tags here\n")


def test_what_is_broken_is_listed_too(repo: Repo) -> None:
    repo.write("prompts/a.md", "nothing")
    repo.write("prompts/b.md", b"\xff")
    (repo.path / "prompts" / "c.md").symlink_to("/etc/passwd")
    assert [line.split()[:2] for line in do(repo, "list").splitlines()[1:]] == [
        ["a", "?"],
        ["b", "?"],
        ["c", "?"],
    ]


def test_a_description_stays_on_its_line(repo: Repo) -> None:
    text = prompt_text(description='"[bold]one\\ntwo\\tthree[/bold]"')
    repo.write("prompts/a.md", text)
    assert do(repo, "list") == snapshot("""\
NAME  VERSION  STATUS  STAGING  PRODUCTION  WHAT FOR
a     1.0.0    active  -        -           [bold]one two three[/bold]
""")


def test_what_is_live_where(shop: Repo, tmp_path: Path) -> None:
    assert do(shop, "list", "--live") == snapshot(
        "NAME  STAGING  PRODUCTION\na     1.1.0    1.0.0\n"
    )
    live = document(shop, "list", "--live")
    assert (live["schema"], live["environments"]) == (
        "promptops.live/v1",
        ["staging", "production"],
    )
    do(shop, "pause", "a", "--env", "production", "--reason", "it swears", "--yes")
    paused = "NAME  STAGING  PRODUCTION\na     1.1.0    1.0.0 (paused)\n"
    assert do(shop, "list", "--live") == paused
    bare = shop.publish(tmp_path / "bare.git")
    assert do(bare, "list", "--live") == paused
    assert do(bare, "list") == snapshot("""\
NAME    VERSION  STATUS  STAGING  PRODUCTION      WHAT FOR
a       1.1.0    active  1.1.0    1.0.0 (paused)  Answer a question.
team/b  0.1.0    draft   -        -               Answer a question.
""")


def test_nothing_to_list_says_what_to_do(repo: Repo) -> None:
    for args in (["list"], ["list", "--live"]):
        result = run(repo, *args)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "\nhint: " in result.stderr


def test_a_clone_of_one_branch_says_how_to_see_what_is_live(shop: Repo, tmp_path: Path) -> None:
    bare = shop.publish(tmp_path / "bare.git")
    clone = bare.clone(tmp_path / "clone", "--single-branch")
    told = run(clone, "list", "--live", "--offline").stderr
    assert told == snapshot("""\
as of less than 2 minutes ago; origin was not asked
nothing is live, according to this clone
hint: git fetch origin 'refs/heads/promptops/*:refs/remotes/origin/promptops/*' gets what is there; create the first with promptops promote NAME --to staging
""")
    (refspec,) = re.findall("hint: git fetch origin '(\\S+)' gets what is there", told)
    clone.git("fetch", "-q", "origin", refspec)
    assert do(clone, "list", "--live", "--offline") == snapshot("""\
NAME  STAGING  PRODUCTION
a     1.1.0    1.0.0
""")


def test_a_table_that_is_too_wide_for_a_terminal_wraps_its_last_column() -> None:
    rows: list[tuple[str, ...]] = [
        ("support/triage", "Say what a ticket is about, and how urgent."),
        ("b", "Short."),
    ]
    assert fold_rows(rows, (14, 43), 40) == [
        ("support/triage", "Say what a ticket is"),
        ("", "about, and how urgent."),
        ("b", "Short."),
    ]
    assert fold_rows(rows, (14, 43), 59) == rows
    assert fold_rows(rows, (14, 43), 30) == rows  # where little is left, the terminal may do it


def test_show_has_what_one_needs_to_know(shop: Repo) -> None:
    shown = do(shop, "show", "a")
    assert masked(shown) == snapshot("""\
a 1.1.0
Answer a question.

digest  <digest>
author  jane@example.com
tags    x, y
model   openai/gpt-4o-mini

inputs
  question  string

files
  a.md

releases  1.1.0, 1.0.0
live in staging     1.1.0
live in production  1.0.0
""")
    for line in (
        "author  jane@example.com",
        "tags    x, y",
        "  question  string",
        "  a.md",
        "releases  1.1.0, 1.0.0",
        "live in staging     1.1.0",
        "live in production  1.0.0",
    ):
        assert f"\n{line}\n" in f"{shown}\n"
    older = do(shop, "show", "a@production")
    assert f"commit  {shop.rev('HEAD~1')}" in older
    assert masked(older) == snapshot("""\
a 1.0.0
Answer a question.

digest  <digest>
commit  <id>
author  jane@example.com
tags    x, y
model   openai/gpt-4o-mini

inputs
  question  string

files
  a.md

releases  1.1.0, 1.0.0
live in staging     1.1.0
live in production  1.0.0
""")


def test_show_as_json(shop: Repo) -> None:
    shown = document(shop, "show", "a@1.0.0")
    assert shown["schema"] == "promptops.show/v1"
    assert (shown["version"], shown["commit"]) == ("1.0.0", shop.rev("HEAD~1"))
    assert shown["metadata"]["model"] == "openai/gpt-4o-mini"
    assert shown["files"] == ["a.md"]
    assert shown["releases"] == [
        {"version": "1.1.0", "yanked": False},
        {"version": "1.0.0", "yanked": False},
    ]


def test_show_of_a_yanked_and_of_a_paused_version_works_and_says_so(shop: Repo) -> None:
    do(shop, "pause", "a", "--env", "production", "--reason", "it swears", "--yes")
    assert masked(do(shop, "show", "a@production")) == snapshot("""\
a 1.0.0
Answer a question.

digest  <digest>
commit  <id>
author  jane@example.com
tags    x, y
model   openai/gpt-4o-mini

inputs
  question  string

files
  a.md

releases  1.1.0, 1.0.0
live in staging     1.1.0
live in production  1.0.0 (paused: it swears)
""")
    do(shop, "yank", "a@1.0.0", "--reason", "it swears")
    result = run(shop, "show", "a@1.0.0")
    assert result.exit_code == 0
    assert masked(result.stdout) == snapshot("""\
a 1.0.0
Answer a question.

digest  <digest>
commit  <id>
author  jane@example.com
tags    x, y
model   openai/gpt-4o-mini

inputs
  question  string

files
  a.md

releases  1.1.0, 1.0.0 (yanked)
live in staging     1.1.0
live in production  1.0.0 (paused: it swears)
""")
    assert result.stderr == snapshot("warning: a 1.0.0 was yanked: it swears\n")


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        (
            "aa",
            snapshot("""\
error: there is no prompt aa in the work tree
 hint: did you mean a?
"""),
        ),
        (
            "a@3.0.0",
            snapshot("""\
error: a 3.0.0 is not released
 hint: released: 1.1.0, 1.0.0
"""),
        ),
        (
            "team/b@production",
            snapshot("""\
error: team/b is not live in production
 hint: run promptops release team/b, then promptops promote team/b --to production
"""),
        ),
        (
            "a@prodution",
            snapshot("""\
error: there is no environment prodution in <folder>/repo
 hint: did you mean production?
"""),
        ),
        (
            "A",
            snapshot("""\
error: 'A' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as a
"""),
        ),
        (
            "../a",
            snapshot("""\
error: '../a' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as a
"""),
        ),
        (
            "-x",
            snapshot("""\
error: '-x' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as x
"""),
        ),
        (
            "a@",
            snapshot("""\
error: 'a@' ends in '@'
 hint: name a version, a range or an environment
"""),
        ),
        (
            "a@v1.0.0",
            snapshot("""\
error: 'v1.0.0' is not a version
 hint: leave out the letter: 1.0.0
"""),
        ),
    ],
    ids=count(),
)
def test_what_is_not_there_is_one_line_and_a_hint(shop: Repo, ref: str, message: str) -> None:
    result = run(shop, "show", "--", ref)
    assert (result.exit_code, result.stdout) == (2, "")
    assert masked(result.stderr) == message
    assert "hint:" in result.stderr


def concerns(repo: Repo) -> list[tuple[str, str, str]]:
    items = document(repo, "status")["items"]
    return [(item["concern"], item["subject"], item["command"]) for item in items]


def test_status_names_what_is_unfinished_and_what_comes_next(shop: Repo) -> None:
    assert concerns(shop) == [("differs", "a", "promptops promote a --to production")]
    shop.commit({"prompts/a.md": prompt_text("1.1.0", body="Changed {{ question }}")})
    shop.write("prompts/c.md", prompt_text("0.1.0"))
    shop.write("prompts/d.md", "nothing")
    shop.write("prompts/e f/_x.md", "x")
    assert concerns(shop) == [
        ("invalid", "d", "promptops validate d"),
        ("uncommitted", "c", "git add prompts/c.md && git commit"),
        ("changed", "a", "promptops bump a"),
        ("unreleased", "c", "promptops release c"),
        ("differs", "a", "promptops promote a --to production"),
    ]
    text = do(shop, "status")
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


def test_what_status_proposes_finishes_the_work(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    for _ in range(4):
        items = concerns(repo)
        if not items:
            break
        do(repo, *items[0][2].removeprefix("promptops ").split())
    assert do(repo, "status") == snapshot("""\
on main, 1 prompt
staging: deployment 1, 1 live
production: deployment 1, 1 live

everything is committed, released and live
""")


def test_status_shows_pauses_and_what_is_gone(shop: Repo) -> None:
    do(shop, "pause", "a", "--env", "staging", "--reason", "it swears", "--yes")
    shop.git("rm", "--quiet", "prompts/a.md")
    shop.git("commit", "--quiet", "-m", "drop a")
    assert [item[0] for item in concerns(shop)] == ["paused", "gone", "gone"]


def test_status_of_an_empty_repository_and_without_a_work_tree(repo: Repo, tmp_path: Path) -> None:
    assert do(repo, "status") == snapshot("""\
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


def test_deployments_that_were_not_pushed_are_pending(shop: Repo, tmp_path: Path) -> None:
    shop.publish(tmp_path / "bare.git")
    do(shop, "promote", "a@latest", "--to", "production", "--local", "--yes")
    found = [item for item in concerns(shop) if item[0] == "pending"]
    assert found == [("pending", "production", "git push origin promptops/production")]
    result = run(shop, "list", "--live")
    assert result.stdout == snapshot("NAME  STAGING  PRODUCTION\na     1.1.0    1.0.0\n")
    assert result.stderr == snapshot("""\
production: 1 deployment not pushed yet, so not live
hint: git push origin promptops/production
""")


def test_the_schema_is_the_one_that_judges(tmp_path: Path) -> None:
    schema = json.loads(run(tmp_path, "schema").stdout)
    assert schema["required"] == ["version", "description", "author", "model"]


def test_a_file_cannot_drive_the_terminal(repo: Repo) -> None:
    evil = '"\\e[8mhidden\\e[0m\\u202e [bold]"'
    text = prompt_text(description=evil, author=evil, tags=f"[{evil}]", body="{{ question }}")
    repo.commit({"prompts/a.md": text})
    outputs = [
        on_terminal(repo, *args)
        for args in (
            ["list"],
            ["show", "a"],
            ["status"],
            ["render", "a", "--var", "question=\x1b[8mhidden\x1b[0m"],
        )
    ]
    for output in outputs:
        assert "\x1b[8m" not in output
        assert "\u202e" not in output
    assert "\\x1b[8mhidden" in outputs[0]
    assert "\\x1b[8mhidden" in outputs[3]
    assert "[bold]" in outputs[1]


def on_terminal(repo: Repo, *args: str) -> str:
    """What a person sees who runs the command in a terminal."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "promptops", *args], cwd=repo.path, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        seen = b""
        # Linux tells the end of a terminal by an error.
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 65536):
                seen += chunk
    os.close(ours)
    return seen.decode()
