"""`promptops diff`: which states are compared, and how that reads for people and programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

PATH = "prompts/a.md"


def build_history(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({PATH: prompt_text()})
    accept(repo, "release", "a")
    accept(repo, "promote", "a", "--to", "staging")
    repo.commit({PATH: prompt_text("1.1.0", "One more {{ question }}")})
    accept(repo, "release", "a")
    repo.write(PATH, prompt_text("1.1.0", "The newest {{ question }}"))


@pytest.fixture
def history(tmp_path: Path) -> Repo:
    """Releases 1.0.0 and 1.1.0; 1.0.0 is in staging; the work tree says something newer."""
    copy_template(build_history, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "head"),
    [
        (("a",), "a: 1.1.0 -> work tree: behaviour change, minor bump needed: 1.1.0 -> 1.2.0"),
        (("a@1.0.0",), "a: 1.0.0 -> work tree: behaviour change, minor bump needed; 1.1.0 is enou"),
        (("a@1.0.0..1.1.0",), "a: 1.0.0 -> 1.1.0: behaviour change, minor bump needed; 1.1.0 is"),
        (("a@staging",), "a: 1.0.0 (staging, deployment 1) -> work tree: behaviour change"),
        (("a@staging..latest",), "a: 1.0.0 (staging, deployment 1) -> 1.1.0: behaviour change"),
        (("a@^1.0..working",), "a: 1.1.0 -> work tree: behaviour change"),
        (("a@1.1.0..1.1.0",), "a: 1.1.0 -> 1.1.0: no difference"),
        (("--from", "HEAD"), "a: HEAD -> work tree: behaviour change"),
        (("--from", "HEAD~1", "--to", "HEAD"), "a: HEAD~1 -> HEAD: behaviour change"),
        ((), "a: 1.1.0 -> work tree: behaviour change"),
    ],
)
def test_two_states_are_compared(history: Repo, words: tuple[str, ...], head: str) -> None:
    assert accept(history, "diff", *words).startswith(head)


def test_changed_words_are_shown(history: Repo) -> None:
    lines = accept(history, "diff", "a").splitlines()
    assert masked(lines) == snapshot(
        [
            "a: 1.1.0 -> work tree: behaviour change, minor bump needed: 1.1.0 -> 1.2.0 (the file says 1.1.0)",
            "  behaviour  message 1 (user): the model reads another text",
            "",
            "  message 1 (user) changed",
            "  @@ line 1 @@",
            "  - One more {{ question }}",
            "  + The newest {{ question }}",
        ]
    )


@pytest.mark.slow
def test_a_changed_partial_is_named_as_the_cause(repo: Repo) -> None:
    text = prompt_text(body='{% include "_tone.md" %} {{ question }}')
    repo.commit({PATH: text, "prompts/_tone.md": "Be kind."})
    accept(repo, "release", "a")
    repo.write("prompts/_tone.md", "Be brief.")
    assert accept(repo, "diff", "a") == snapshot("""\
a: 1.0.0 -> work tree: behaviour change, minor bump needed: 1.0.0 -> 1.1.0 (the file says 1.0.0)
  behaviour  message 1 (user): the model reads another text (in _tone.md)

  message 1 (user) changed, because of _tone.md
  @@ line 1 @@
  - Be kind. {{ question }}
  + Be brief. {{ question }}
""")


def test_a_prompt_that_is_new_since_a_revision_was_not_in_it(history: Repo) -> None:
    history.write("prompts/b.md", prompt_text("0.1.0"))
    told = accept(history, "diff", "b", "--from", "main")
    assert told == snapshot("b: new prompt, not in main (0.1.0 in work tree)\n")


def test_new_and_removed_prompts(history: Repo) -> None:
    history.write("prompts/b.md", prompt_text("0.1.0"))
    assert accept(history, "diff", "b") == snapshot(
        "b: new prompt, nothing released (0.1.0 in work tree)\n"
    )
    (history.path / PATH).unlink()
    assert accept(history, "diff", "a") == snapshot(
        "a: 1.1.0 -> work tree: removed; callers fail\n"
    )


def test_exit_code_says_whether_anything_differs(history: Repo) -> None:
    assert run(history, "diff", "--exit-code").exit_code == 1
    history.git("checkout", "-q", "--", PATH)
    result = run(history, "diff", "--exit-code")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no difference\n")


def test_text_of_people_comes_through_unchanged(history: Repo) -> None:
    body = "[bold]no markup[/bold] 🎉\t" + "long " * 400 + "{{ question }}"
    history.write(PATH, prompt_text("1.2.0", body))
    assert f"  + {body}" in accept(history, "diff", "a").splitlines()
    assert body[:60] in accept(history, "diff", "a", "--format", "markdown")


def test_json_names_both_sides(history: Repo) -> None:
    document = json.loads(accept(history, "diff", "a@staging", "--format", "json"))
    assert document["schema"] == "promptops.diff/v1"
    (row,) = document["prompts"]
    assert masked((row["from"], row["to"])) == snapshot(
        ["1.0.0 (staging, deployment 1)", "work tree"]
    )


def test_other_bytes_of_the_same_meaning_are_not_no_difference(history: Repo) -> None:
    history.write(PATH, prompt_text('"1.1.0"', "One more {{ question }}"))
    assert accept(history, "diff", "a") == snapshot(
        "a: 1.1.0 -> work tree: the same meaning; only the bytes differ\n"
    )


_NONSENSE = (
    (("nope",), "there is no prompt nope"),
    (("a@",), "is not a comparison"),
    (("a@..1.0.0",), "is not a comparison"),
    (("a@1.0.0..",), "is not a comparison"),
    (("a@9.9.9",), "a 9.9.9 is not released"),
    (("a@-x",), "is not a version or a range"),
    (("a@production",), "production has no deployments"),
    (("a@nowhere",), "there is no environment nowhere"),
    (("../a",), "is not a prompt name"),
    (("--to", "HEAD"), "--to needs --from"),
    (("--from", "-x"), "'-x' is not a revision"),
    (("--from", ""), "'' is not a revision"),
    (("--from", "nope"), "there is no commit nope"),
)


@pytest.mark.slow
def test_what_cannot_be_compared_is_said(history: Repo) -> None:
    for words, told in _NONSENSE:
        assert told in refuse(history, "diff", *words, code=2)


def test_an_invalid_prompt_is_said(history: Repo) -> None:
    history.write(PATH, "nothing")
    assert refuse(history, "diff", "a") == snapshot("""\
error: a is not valid: a.md:1:1: the file does not begin with frontmatter
 hint: begin with a line '---', the metadata, and another line '---'\
""")


@pytest.mark.slow
def test_an_environments_branch_is_a_revision(repo: Repo) -> None:
    repo.commit({"prompts/x.md": prompt_text(), "prompts/y.md": prompt_text()})
    accept(repo, "release", "--all")
    accept(repo, "promote", "x", "--to", "staging")
    repo.commit({"prompts/x.md": prompt_text("1.1.0", "New {{ question }}")})
    out = accept(repo, "diff", "--from", "promptops/staging")
    assert out == snapshot("""\
x: promptops/staging -> work tree: behaviour change, minor bump needed; 1.1.0 is enough
  behaviour  message 1 (user): the model reads another text

  message 1 (user) changed
  @@ line 1 @@
  - Answer {{ question }}
  + New {{ question }}

y: new prompt, not in promptops/staging (1.0.0 in work tree)
""")
    assert accept(repo, "diff", "x", "--from", "promptops/staging", "--to", "HEAD~1") == snapshot(
        "x: promptops/staging -> HEAD~1: no difference\n"
    )


@pytest.mark.slow
def test_two_versions_of_one_prompt_are_the_two_sides(repo: Repo) -> None:
    for version in ("1.0.0", "1.1.0"):
        repo.commit({"prompts/x.md": prompt_text(version, f"{version} {{{{ question }}}}")})
        accept(repo, "release", "x")
    apart = accept(repo, "diff", "x@1.0.0", "x@1.1.0")
    assert apart == accept(repo, "diff", "x@1.0.0..1.1.0")
    assert apart == snapshot("""\
x: 1.0.0 -> 1.1.0: behaviour change, minor bump needed; 1.1.0 is enough
  behaviour  message 1 (user): the model reads another text

  message 1 (user) changed
  @@ line 1 @@
  - 1.0.0 {{ question }}
  + 1.1.0 {{ question }}
""")


@pytest.mark.story
def test_an_environment_is_known_by_its_branch_though_only_the_remote_has_it(
    tmp_path: Path,
) -> None:
    team = Team.found(tmp_path, ["a"])
    accept(team.first, "release", "a", "--push")
    accept(team.first, "promote", "a", "--to", "staging")
    team.commit({"prompts/a.md": prompt_text("1.1.0", "New {{ question }}")})
    accept(team.first, "release", "a", "--push")
    accept(team.first, "promote", "a", "--to", "production")
    accept(team.first, "promote", "a@1.1.0", "--to", "staging")
    out = accept(team.first, "diff", "--from", "promptops/production", "--to", "promptops/staging")
    assert out == snapshot("""\
a: promptops/production -> promptops/staging: behaviour change, minor bump needed; 1.1.0 is enough
  behaviour  message 1 (user): the model reads another text

  message 1 (user) changed
  @@ line 1 @@
  - Answer {{ question }}
  + New {{ question }}
""")
    checked = run(team.first, "validate", "--rev", "promptops/staging").output
    assert checked == snapshot("1 prompt checked: no problems found\n")
    refuse(team.first, "diff", "--from", "promptops/stagin", code=2)
