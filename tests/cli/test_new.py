"""`promptops new`: a prompt that is valid at once, and nothing is overwritten."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from inline_snapshot import snapshot

from tests.cli.pieces import files
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_new_writes_a_prompt_that_is_valid_at_once(repo: Repo) -> None:
    accept(repo, "new", "support/triage", "--model", "anthropic/claude-haiku-4-5")
    text = (repo.path / "prompts/support/triage.md").read_text()
    assert "model: anthropic/claude-haiku-4-5\n" in text
    assert run(repo, "validate").stderr == snapshot("1 prompt checked: no problems found\n")
    suite: Any = yaml.safe_load((repo.path / "evals/support/triage.yaml").read_text())
    assert suite["prompt"] == "support/triage"
    rendered = accept(repo, "render", "support/triage", "--var", "text=hello")
    assert rendered == snapshot("""\
system
Say here what the model does with the text for support/triage, and in which form it answers.

user
hello
""")


@pytest.mark.parametrize("model", ["no", "1.10", "a: b", "#x", "'", '"', "{x}", "m\u00e9\n---"])
def test_a_model_is_written_as_what_it_is(repo: Repo, model: str) -> None:
    accept(repo, "new", "a", "--model", model)
    shown = accept(repo, "render", "a", "--var", "text=x", "--format", "request")
    assert yaml.safe_load(shown)["model"] == model


def test_new_copies_a_prompt_but_for_its_version(repo: Repo) -> None:
    text = prompt_text("3.2.1  # mine", extra="", model="'openai/gpt-4o' # dear").replace(
        "extra: \n", ""
    )
    repo.write("prompts/a.md", text)
    accept(repo, "new", "b", "--from", "a")
    assert (repo.path / "prompts/b.md").read_text() == text.replace("3.2.1 ", "0.1.0 ")
    accept(repo, "new", "c", "--from", "a", "--model", "other/model")
    assert masked((repo.path / "prompts/c.md").read_text()) == snapshot("""\
---
version: 0.1.0  # mine
description: Answer a question.
author: jane@example.com
model: other/model # dear
inputs: {question: string}
---
Answer {{ question }}
""")
    assert "question:" in (repo.path / "evals/c.yaml").read_text()


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (
            ["a"],
            1,
            snapshot("""\
error: prompts/a.md already exists
 hint: choose another name
"""),
        ),
        (
            ["team/B"],
            2,
            snapshot("""\
error: 'team/B' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as team/b
"""),
        ),
        (
            ["../x"],
            2,
            snapshot("""\
error: '../x' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as x
"""),
        ),
        (
            ["x.lock"],
            2,
            snapshot("""\
error: 'x.lock' is not a prompt name
 hint: Git keeps '.lock' endings for itself
"""),
        ),
        (
            ["b", "--from", "aa"],
            2,
            snapshot("""\
error: there is no prompt aa in the work tree
 hint: did you mean a?
"""),
        ),
        (
            ["b", "--from", "broken"],
            1,
            snapshot("""\
error: broken is not valid: broken.md:1:1: the file does not begin with frontmatter
 hint: begin with a line '---', the metadata, and another line '---'
"""),
        ),
        (
            ["b", "--from", "../a"],
            2,
            snapshot("""\
error: '../a' is not a prompt name
 hint: use lower-case letters and digits, joined by single '-', '_' or '.', and '/', such as a
"""),
        ),
    ],
    ids=count(),
)
def test_new_refuses_what_makes_no_sense(
    repo: Repo, args: list[str], code: int, message: str
) -> None:
    repo.write("prompts/a.md", prompt_text())
    repo.write("prompts/broken.md", "x")
    before = files(repo)
    result = run(repo, "new", *args)
    assert result.exit_code == code
    assert masked(result.stderr) == message
    assert files(repo) == before


def test_new_keeps_a_suite_that_is_there(repo: Repo) -> None:
    repo.write("evals/a.yaml", "mine")
    assert accept(repo, "new", "a") == snapshot("""\
written  prompts/a.md
kept     evals/a.yaml (exists already)
""")
    assert (repo.path / "evals/a.yaml").read_text() == "mine"


def test_a_name_that_differs_in_case_is_taken(repo: Repo) -> None:
    repo.write("prompts/A.md", "x")
    result = run(repo, "new", "a")
    assert result.exit_code == 1
    assert result.stderr == snapshot("""\
error: prompts/A.md already exists
 hint: choose another name
""")


def test_a_file_where_a_folder_should_be_is_one_line(repo: Repo) -> None:
    repo.write("prompts/team", "x")
    result = run(repo, "new", "team/a")
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
