"""What `promptops validate` takes beside files: choices, fixes, standard input, watching."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.checks.report import FORMATS
from tests.cli.pieces import BAD, GOOD
from tests.cli.running import run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


MARKED = "\ufeff" + GOOD


@pytest.mark.parametrize(
    ("args", "checks", "code"),
    [
        ([], ["unused-input", "undeclared-variable"], 1),
        (["--select", "unused-*"], ["unused-input"], 0),
        (["--exclude", "undeclared-variable"], ["unused-input"], 0),
        (["--exclude", "prompts/a.md"], [], 0),
        (["--fail-on", "never"], ["unused-input", "undeclared-variable"], 0),
        (["--select", "unused-input", "--fail-on", "warning"], ["unused-input"], 1),
        (["--select", "unused-input", "--fail-on", "note"], ["unused-input"], 1),
    ],
)
def test_findings_and_their_weight_are_chosen(
    repo: Repo, args: list[str], checks: list[str], code: int
) -> None:
    repo.write("prompts/a.md", BAD)
    result = run(repo, "validate", "--format", "json", *args)
    assert result.exit_code == code
    assert [one["check"] for one in json.loads(result.stdout)["findings"]] == checks


def test_choosing_does_not_make_an_ignored_check_look_unused(repo: Repo) -> None:
    repo.write("prompts/a.md", prompt_text(body="x", ignore="{unused-input: why}"))
    assert run(repo, "validate", "--select", "unused-ignore", "--fail-on", "note").exit_code == 0


def test_statistics_count_by_check(repo: Repo) -> None:
    repo.write("prompts/a.md", BAD)
    repo.write("prompts/b.md", "\ufeff" + prompt_text(body="x"))
    result = run(repo, "validate", "--statistics")
    assert [line.split()[:3] for line in result.stdout.splitlines()] == [
        ["2", "warning", "unused-input"],
        ["1", "warning", "byte-order-mark"],
        ["1", "error", "undeclared-variable"],
    ]
    assert result.exit_code == 1
    counts = json.loads(run(repo, "validate", "--statistics", "--format", "json").stdout)
    assert counts["checks"][1] == {
        "check": "byte-order-mark",
        "severity": "warning",
        "count": 1,
        "fixable": 1,
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--select", "unused-imput"], "there is no check 'unused-imput'"),
        (["--exclude", "nothing-*"], "there is no check"),
        (["--fix", "--diff"], "--fix and --diff cannot be combined"),
        (["--fix", "--staged"], "--fix and --staged cannot be combined"),
        (["--fix", "--rev", "HEAD"], "--fix and --rev cannot be combined"),
        (["--watch", "--rev", "HEAD"], "--watch and --rev cannot be combined"),
        (
            ["--fix", "-", "--stdin-filename", "prompts/a.md"],
            "--fix and standard input cannot be combined",
        ),
        (["--staged", "--stdin-filename", "prompts/a.md"], "--staged and standard input"),
        (["-"], "standard input needs a file name"),
        (["-", "a", "--stdin-filename", "prompts/a.md"], "standard input and other targets"),
        (["-", "--stdin-filename", "src/a.md"], "is not below prompts/"),
        (["-", "--stdin-filename", "a"], "is not a file below prompts/"),
        (["--statistics", "--format", "junit"], "--statistics does not support junit"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_hint(repo: Repo, args: list[str], message: str) -> None:
    repo.commit({"prompts/a.md": GOOD})
    result = run(repo, "validate", *args, stdin="")
    assert (result.exit_code, result.stdout) == (2, "")
    first, second = result.stderr.rstrip("\n").split("\n")
    assert message in first
    assert second.startswith(" hint: ")


def test_fix_fixes_reports_the_rest_and_is_done(repo: Repo) -> None:
    repo.write("prompts/a.md", MARKED)
    repo.write("prompts/b.md", BAD)
    repo.write("prompts/c.md", MARKED)
    result = run(repo, "validate", "--fix", "--exclude", "prompts/c.md", "--format", "concise")
    assert result.exit_code == 1
    assert result.stderr == snapshot("""\
fixed 1 finding in 1 file
3 prompts checked: 1 error, 1 warning
""")
    assert "byte-order-mark" not in result.stdout
    assert (repo.path / "prompts/a.md").read_text() == GOOD
    assert (repo.path / "prompts/c.md").read_bytes().startswith(b"\xef\xbb\xbf")
    assert run(repo, "validate", "--fix", "c").stderr == snapshot("""\
fixed 1 finding in 1 file
1 prompt checked: no problems found
""")
    assert run(repo, "validate", "--fix", "a", "c").stderr == snapshot(
        "2 prompts checked: no problems found\n"
    )


@pytest.mark.slow
def test_diff_shows_and_changes_nothing(repo: Repo) -> None:
    repo.commit({"prompts/a.md": MARKED})
    result = run(repo, "validate", "--diff")
    assert result.exit_code == 1
    assert result.stdout == snapshot("""\
--- a/prompts/a.md
+++ b/prompts/a.md
@@ -1,4 +1,4 @@
-\ufeff---
+---
 version: 1.0.0
 description: Answer a question.
 author: jane@example.com
""")
    assert masked(result.stderr) == snapshot("--fix fixes 1 finding\n")
    assert run(repo, "validate", "--diff", "--rev", "HEAD").exit_code == 1
    assert (repo.path / "prompts/a.md").read_text() == MARKED
    repo.write("prompts/a.md", GOOD)
    result = run(repo, "validate", "--diff")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.slow
def test_standard_input_is_judged_in_the_place_of_its_file(repo: Repo) -> None:
    user = prompt_text(body="{{ question }} {% include '_p.md' %}")
    repo.commit({"prompts/a.md": user, "prompts/_p.md": "{% if %}", "prompts/b.md": BAD})

    def judge(name: str, text: str) -> list[str]:
        args = ("validate", "-", "--stdin-filename", str(repo.path / name), "--format", "json")
        found = json.loads(run(repo, *args, stdin=text).stdout)["findings"]
        return [f"{one['path']}:{one['line']} {one['check']}" for one in found]

    assert judge("prompts/_p.md", "fine") == []
    assert judge("prompts/_p.md", "{{ tone }}") == ["prompts/_p.md:1 undeclared-variable"]
    assert judge("prompts/new/c.md", "---") == ["prompts/new/c.md:1 broken-frontmatter"]
    assert judge("prompts/a.md", user) == []
    assert judge("prompts/_unused.md", "{% if %}") == [
        "prompts/_unused.md:None unused-partial",
        "prompts/_unused.md:1 syntax",
    ]


def test_a_fault_in_a_partial_says_who_includes_it(repo: Repo) -> None:
    repo.write("prompts/a.md", prompt_text(body="{{ question }}\n{% include '_q.md' %}"))
    repo.write("prompts/_q.md", "\n{% include '_p.md' %}")
    repo.write("prompts/_p.md", "{% if %}")
    result = run(repo, "validate")
    assert result.stdout == snapshot("""\
prompts/_p.md:1:7: error: expected an expression, got 'end of tag' [syntax]
1 | {% if %}
  |       ^
  included from prompts/_q.md:2:1, prompts/a.md:9:1
  hint: to write `{{`, `{%` or `{#` as text, put it between `{% raw %}` and `{% endraw %}`
""")


@pytest.mark.slow
def test_every_format_can_be_asked_for_and_stays_free_of_secrets(repo: Repo) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    repo.write("prompts/a.md", prompt_text(body=f"{{{{ question }}}} {secret}"))
    for name in FORMATS:
        result = run(repo, "validate", "--format", name)
        assert result.exit_code == 1, name
        assert result.stdout
        assert secret not in result.output
        assert secret[8:] not in result.output
