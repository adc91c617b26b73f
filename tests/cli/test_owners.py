"""`promptops owners` and `owners lint`: who owns what, as a person asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


OWNERS = """\
*                @org/all
/prompts/        @org/prompts @Jane
/prompts/b.md
/evals/          jane@example.com
"""


def build_owned(folder: Path) -> None:
    Repo.init(folder).commit(
        {
            "CODEOWNERS": OWNERS,
            "prompts/a.md": prompt_text(),
            "prompts/b.md": prompt_text(),
            "evals/a.yaml": "samples: []\n",
            "app/main.py": "",
        }
    )


@pytest.fixture
def owned(tmp_path: Path) -> Repo:
    copy_template(build_owned, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def document(repo: Repo, *args: str, stdin: str | bytes | None = None) -> Any:
    result = run(repo, "owners", *args, "--format", "json", stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def paths(repo: Repo, *args: str, stdin: str | bytes | None = None) -> list[str]:
    return [row["path"] for row in document(repo, *args, stdin=stdin)["paths"]]


def test_owners_come_in_columns(owned: Repo) -> None:
    result = run(owned, "owners", "prompts", "app/main.py")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[-3:]] == [
        ["prompts/a.md", "@org/prompts", "@Jane", "2"],
        ["prompts/b.md", "(unowned)", "3"],
        ["app/main.py", "@org/all", "1"],
    ]


def test_the_json_says_what_is_known_of_each_path(owned: Repo) -> None:
    owned.write("CODEOWNERS", OWNERS.partition("\n")[2])
    found = document(owned, "prompts/a.md", "prompts/b.md", "README.md")
    assert (found["schema"], found["file"], found["dialect"]) == (
        "promptops.owners/v1",
        "CODEOWNERS",
        "github",
    )
    shown = ("path", "owners", "line", "section", "state")
    assert [tuple(row[key] for key in shown) for row in found["paths"]] == [
        ("prompts/a.md", ["@org/prompts", "@Jane"], 1, None, "owned"),
        ("prompts/b.md", [], 2, None, "unowned"),
        ("README.md", [], None, None, "unmatched"),
    ]


def test_gitlab_answers_once_for_each_section(owned: Repo) -> None:
    owned.write("CODEOWNERS", "* @a\n^[Docs][2] @b\n*.md\n")
    rows = document(owned, "--dialect", "gitlab", "x.md")["paths"]
    assert [(row["section"], row["owners"], row["optional"]) for row in rows] == [
        (None, ["@a"], False),
        ("Docs", ["@b"], True),
    ]
    result = run(owned, "owners", "--dialect", "gitlab", "x.md")
    assert result.stdout.splitlines()[-1].split() == ["x.md", "@b", "3", "Docs", "(optional)"]


def test_everything_is_listed_when_nothing_is_named_and_new_files_count(owned: Repo) -> None:
    owned.write("prompts/new.md", "")
    owned.write(".gitignore", "*.log\n")
    owned.write("x.log", "")
    expected = [".gitignore", "CODEOWNERS", "app/main.py", "evals/a.yaml"]
    assert paths(owned) == [*expected, "prompts/a.md", "prompts/b.md", "prompts/new.md"]


def test_what_one_owner_owns(owned: Repo) -> None:
    assert paths(owned, "--of", "@jane") == ["prompts/a.md"]
    assert paths(owned, "--of", "jane@example.com", "evals") == ["evals/a.yaml"]
    result = run(owned, "owners", "--of", "@nobody")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot("@nobody owns none of these files\n")
    result = run(owned, "owners", "--of", "org/all")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == snapshot("""\
error: 'org/all' is not an owner
 hint: did you mean @org/all?
""")


def test_what_somebody_owns_by_way_of_the_groups_file(owned: Repo) -> None:
    assert paths(owned, "--of", "@kim") == []
    owned.write(
        ".promptops/groups.toml",
        '[people]\nkim = ["@kim", "@jane"]\n[teams]\n"@org/prompts" = ["@zoe"]\n',
    )
    for who in ("@kim", "kim", "@zoe"):
        assert paths(owned, "--of", who) == ["prompts/a.md"]
    owned.write(".promptops/groups.toml", "[team]\n")
    result = run(owned, "owners", "--of", "@kim")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == snapshot("""\
error: .promptops/groups.toml: unknown key 'team'
 hint: did you mean [teams]?
""")


def test_the_configuration_chooses_the_dialect(
    owned: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert document(owned, "x")["dialect"] == "github"
    monkeypatch.setenv("GITLAB_CI", "true")
    assert document(owned, "x")["dialect"] == "gitlab"
    owned.write("promptops.toml", '[gate]\ndialect = "github"\n')
    assert document(owned, "x")["dialect"] == "github"
    monkeypatch.delenv("GITLAB_CI")
    owned.write("promptops.toml", '[gate]\ndialect = "gitlab"\n')
    assert document(owned, "x")["dialect"] == "gitlab"
    assert document(owned, "x", "--dialect", "github")["dialect"] == "github"


def test_paths_are_relative_to_where_one_is(owned: Repo) -> None:
    result = run(owned.path / "prompts", "owners", "a.md", "../app", "--format", "json")
    rows = json.loads(result.stdout)["paths"]
    assert [row["path"] for row in rows] == ["prompts/a.md", "app/main.py"]
    assert paths(owned, ".", "gone.md")[-1] == "gone.md"


def test_a_path_outside_of_the_repository_is_refused(owned: Repo) -> None:
    result = run(owned, "owners", "../x")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == snapshot("""\
error: '../x' is outside the repository
 hint: name a path inside it
""")


def test_paths_come_from_standard_input_as_git_lists_them(owned: Repo) -> None:
    nasty = 'prompts/é "x"\n.md'
    owned.write(nasty, "")
    owned.git("add", "--all")
    listed = owned.git("ls-files", "prompts")
    assert '"prompts/' in listed
    assert nasty in paths(owned, "--stdin", stdin=listed)
    raw = owned.git("ls-files", "-z", "prompts")
    assert nasty in paths(owned, "--stdin", "-z", stdin=raw)
    assert paths(owned, "--stdin", stdin="prompts/a.md\r\nb\n\n") == ["prompts/a.md", "b"]
    assert paths(owned, "--stdin", "-z", stdin='"a"\0b\n\0') == ['"a"', "b\n"]
    assert paths(owned, "--stdin", stdin=r'"a\tb\\"') == ["a\tb\\"]


@pytest.mark.parametrize(
    "args",
    [
        ["-z"],
        ["--stdin", "prompts"],
        ["lint", "prompts"],
        ["lint", "--of", "@a"],
        ["lint", "--stdin"],
        ["--format", "sarif"],
        ["--dialect", "gitea"],
    ],
)
def test_options_that_make_no_sense_together_are_refused(owned: Repo, args: list[str]) -> None:
    result = run(owned, "owners", *args, stdin="")
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.slow
def test_a_revision_has_its_own_file_and_its_own_rules(owned: Repo) -> None:
    owned.commit({".github/CODEOWNERS": "* @new\n"})
    assert document(owned, "prompts/a.md")["paths"][0]["owners"] == ["@new"]
    older = document(owned, "--rev", "HEAD~1", "prompts/a.md")
    assert (older["file"], older["paths"][0]["line"]) == ("CODEOWNERS", 2)
    assert ".github/CODEOWNERS" not in paths(owned, "--rev", "HEAD~1")
    result = run(owned, "owners", "--rev", "nowhere", "x")
    assert result.exit_code == 2


def test_a_file_named_on_the_command_line_counts_instead(owned: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("* @else\n")
    found = document(owned, "--file", str(tmp_path / "elsewhere"), "x")
    assert found["paths"][0]["owners"] == ["@else"]
    owned.write("docs/mine", "* @mine\n")
    assert document(owned, "--file", "docs/mine", "x")["file"] == "docs/mine"
    for args in (["--file", "nowhere"], ["--file", "docs/mine", "--rev", "HEAD"]):
        result = run(owned, "owners", *args, "x")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "hint:" in result.stderr


def test_a_bare_repository_answers_from_its_head(owned: Repo, tmp_path: Path) -> None:
    bare = owned.publish(tmp_path / "bare.git")
    assert paths(bare, "prompts") == ["prompts/a.md", "prompts/b.md"]


def test_no_file_is_an_error_that_says_where_one_belongs(owned: Repo) -> None:
    owned.git("mv", "CODEOWNERS", "OWNERS")
    result = run(owned, "owners", "x")
    assert result.exit_code == 2
    assert result.stderr == snapshot("""\
error: there is no CODEOWNERS file here
 hint: write one of .github/CODEOWNERS, CODEOWNERS, docs/CODEOWNERS
""")
    owned.write(".gitlab/CODEOWNERS", "* @a\n")
    assert run(owned, "owners", "x", "--dialect", "github").stderr == snapshot("""\
error: there is no CODEOWNERS file here
 hint: there is .gitlab/CODEOWNERS: use --dialect gitlab to read it
""")
    assert paths(owned, "x") == ["x"]


@pytest.mark.parametrize("link", ["CODEOWNERS", ".github"])
def test_links_are_never_followed(owned: Repo, tmp_path: Path, link: str) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "CODEOWNERS").write_text("* @evil\n")
    (owned.path / "CODEOWNERS").unlink()
    target = tmp_path / "away" / ("CODEOWNERS" if link == "CODEOWNERS" else "")
    (owned.path / link).symlink_to(target)
    owned.commit()
    for args in ([], ["--rev", "HEAD"]):
        result = run(owned, "owners", "x", *args)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "link" in result.stderr


def test_a_file_that_cannot_count_is_no_answer(owned: Repo) -> None:
    owned.write("CODEOWNERS", "#" * (3 * 1024 * 1024 + 1))
    result = run(owned, "owners", "prompts/a.md")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == snapshot("""\
error: CODEOWNERS: the file has 3,145,729 bytes; GitHub ignores files over 3,145,728
 hint: run promptops owners lint
""")
    assert run(owned, "owners", "lint").exit_code == 1


def test_a_line_that_the_forge_skips_is_mentioned(owned: Repo) -> None:
    owned.write("CODEOWNERS", "* @a\n!x @b\n")
    result = run(owned, "owners", "x")
    assert result.exit_code == 0
    assert result.stdout == snapshot("""\
PATH  OWNERS  LINE
x     @a      1
""")
    assert result.stderr == snapshot("""\
warning: CODEOWNERS: 1 line that the forge may read differently than expected
   hint: run promptops owners lint to see them
""")


# Lint


def test_lint_names_what_nobody_owns_and_ends_with_1(owned: Repo) -> None:
    result = run(owned, "owners", "lint", "--format", "concise")
    assert result.exit_code == 1
    assert result.stdout == snapshot(
        "prompts/b.md: error: this file has no owner: line 3 names none [unowned-prompt]\n"
    )


def test_lint_shows_the_line(owned: Repo) -> None:
    owned.write("CODEOWNERS", OWNERS.replace("/prompts/b.md", "[x]"))
    result = run(owned, "owners", "lint")
    assert result.exit_code == 1
    assert result.stdout == snapshot("""\
CODEOWNERS:3:1: error: GitHub does not support ranges, and supports brackets only as '\\[' and '\\]': GitHub ignores this line, and an earlier rule applies [invalid-pattern]
3 | [x]
  | ^^^
  hint: sections are GitLab's; read the file with --dialect gitlab
""")
    assert result.stderr == snapshot("CODEOWNERS: 1 error\n")


def test_lint_with_nothing_to_say_ends_with_0(owned: Repo) -> None:
    owned.write("CODEOWNERS", "* @a\n")
    result = run(owned, "owners", "lint")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == snapshot("CODEOWNERS: no problems found\n")
    owned.write("CODEOWNERS", "* @a\n/gone/ @b\n")
    result = run(owned, "owners", "lint")
    assert result.exit_code == 0
    assert result.stderr == snapshot("CODEOWNERS: 1 warning\n")


def test_lint_guards_what_decides_about_merging(owned: Repo) -> None:
    owned.commit(
        {
            "CODEOWNERS": "/prompts/ @a\n",
            "promptops.toml": "",
            ".github/workflows/gate.yml": "",
            "prompts/README.md": "",
        }
    )
    result = run(owned, "owners", "lint", "--format", "json")
    found = json.loads(result.stdout)
    assert (found["schema"], found["summary"]) == (
        "promptops.owners-lint/v1",
        {"errors": 4, "warnings": 0},
    )
    assert [(one["check"], one["path"]) for one in found["findings"]] == [
        ("unowned-gate-file", ".github/workflows/gate.yml"),
        ("unowned-gate-file", "CODEOWNERS"),
        ("unowned-gate-file", "evals/a.yaml"),
        ("unowned-gate-file", "promptops.toml"),
    ]


def test_lint_guards_all_that_the_gate_governs(owned: Repo) -> None:
    """What the gate would ask an owner about and has none is found before a change comes."""
    owned.commit(
        {
            "CODEOWNERS": "/prompts/ @a\n/evals/ @a\n/CODEOWNERS @a\n/promptops.toml @a\n",
            "promptops.toml": "gate = {govern = ['scripts/*.yaml']}\n",
            "scripts/suite.yaml": "",
            "scripts/other.py": "",
            ".forgejo/workflows/gate.yml": "",
            ".gitlab-ci.yml": "",
            "pyproject.toml": "",
            "docs/CODEOWNERS": "",
        }
    )
    result = run(owned, "owners", "lint", "--format", "json")
    assert [(one["check"], one["path"]) for one in json.loads(result.stdout)["findings"]] == [
        ("unowned-gate-file", ".forgejo/workflows/gate.yml"),
        ("unowned-gate-file", ".gitlab-ci.yml"),
        ("unowned-gate-file", "docs/CODEOWNERS"),
        ("unowned-gate-file", "scripts/suite.yaml"),
    ]


def test_lint_guards_people_and_keys_and_asks_the_groups_file(owned: Repo) -> None:
    files = {
        "CODEOWNERS": "* @a\n/.promptops/ \n/ai/ @b\n",
        ".promptops/groups.toml": "[people]\na = ['@a']\n",
        ".promptops/allowed_signers": "",
        "ai/x": "",
    }
    owned.commit(files)
    result = run(owned, "owners", "lint", "--format", "json")
    assert [(one["check"], one["path"]) for one in json.loads(result.stdout)["findings"]] == [
        ("unowned-gate-file", ".promptops/allowed_signers"),
        ("unowned-gate-file", ".promptops/groups.toml"),
        ("unknown-owner", "CODEOWNERS"),
    ]
    owned.write("promptops.toml", "[gate]\ngroups = 'ai/x'\nsigners = 'ai/y'\n")
    result = run(owned, "owners", "lint")
    assert (result.exit_code, ".promptops" in result.stdout) == (0, False)
    assert "does not know '@a', and 1 more" not in result.stdout
    assert result.stdout == snapshot("""\
CODEOWNERS:1:1: warning: the groups file does not know '@a' [unknown-owner]
1 | * @a
  | ^
  hint: correct the name, or add the owner to the groups file

CODEOWNERS:3:1: warning: the groups file does not know '@b' [unknown-owner]
3 | /ai/ @b
  | ^^^^
  hint: correct the name, or add the owner to the groups file
""")
    owned.commit({".promptops/groups.toml": "nonsense", "promptops.toml": ""})
    assert run(owned, "owners", "lint").exit_code == 2


def test_lint_of_a_revision_and_a_file_called_lint(owned: Repo) -> None:
    owned.commit({"CODEOWNERS": "* @a\n", "lint": ""})
    assert run(owned, "owners", "lint").exit_code == 0
    assert run(owned, "owners", "lint", "--rev", "HEAD~1").exit_code == 1
    assert paths(owned, "./lint") == ["lint"]


@pytest.mark.parametrize("output", ["github", "gitlab", "junit", "markdown", "sarif"])
def test_lint_speaks_to_forges(owned: Repo, output: str) -> None:
    result = run(owned, "owners", "lint", "--format", output)
    assert result.exit_code == 1
    assert "unowned-prompt" in result.stdout
