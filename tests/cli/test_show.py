"""`promptops show`: what one needs to know of a prompt."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import document
from tests.cli.running import accept, run
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_show_has_what_one_needs_to_know(staged: Repo) -> None:
    shown = accept(staged, "show", "a")
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
    older = accept(staged, "show", "a@production")
    assert f"commit  {staged.rev('HEAD~1')}" in older
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


def test_show_as_json(staged: Repo) -> None:
    shown = document(staged, "show", "a@1.0.0")
    assert shown["schema"] == "promptops.show/v1"
    assert (shown["version"], shown["commit"]) == ("1.0.0", staged.rev("HEAD~1"))
    assert shown["metadata"]["model"] == "openai/gpt-4o-mini"
    assert shown["files"] == ["a.md"]
    assert shown["releases"] == [
        {"version": "1.1.0", "yanked": False},
        {"version": "1.0.0", "yanked": False},
    ]


@pytest.mark.slow
def test_show_of_a_yanked_and_of_a_paused_version_works_and_says_so(staged: Repo) -> None:
    accept(staged, "pause", "a", "--env", "production", "--reason", "it swears", "--yes")
    assert masked(accept(staged, "show", "a@production")) == snapshot("""\
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
    accept(staged, "yank", "a@1.0.0", "--reason", "it swears")
    result = run(staged, "show", "a@1.0.0")
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
def test_what_is_not_there_is_one_line_and_a_hint(staged: Repo, ref: str, message: str) -> None:
    result = run(staged, "show", "--", ref)
    assert (result.exit_code, result.stdout) == (2, "")
    assert masked(result.stderr) == message
    assert "hint:" in result.stderr
