"""`promptops render`: exact texts, values typed by the schema, and the three places it renders."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

TYPED = """\
---
version: 1.0.0
description: d
author: jane@example.com
model: openai/gpt-4o-mini
temperature: 0.5
inputs:
  text: string
  count: {type: integer, default: 1}
  ratio: {type: number, default: 1}
  formal: {type: boolean, default: false}
  names: {type: array, default: []}
  facts: {type: object, default: {}}
  size: {enum: [1, 2], default: 1}
  either: {type: [string, "null"], default: null}
---
{{ text }}|{{ [count, ratio, formal, names, facts, size, either] | tojson }}
"""


def rendered(repo: Repo, *variables: str) -> str:
    result = run(repo, "render", "a", *(f"--var={one}" for one in variables))
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture
def typed(repo: Repo) -> Repo:
    repo.write("prompts/a.md", TYPED)
    return repo


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("count=3", "[3, 1, false, [], {}, 1, null]"),
        ("count=3.0", "[3, 1, false, [], {}, 1, null]"),
        ("ratio=0.25", "[1, 0.25, false, [], {}, 1, null]"),
        ("formal=true", "[1, 1, true, [], {}, 1, null]"),
        ('names=["a", "b"]', '[1, 1, false, ["a", "b"], {}, 1, null]'),
        ('facts={"k": 1}', '[1, 1, false, [], {"k": 1}, 1, null]'),
        ("size=2", "[1, 1, false, [], {}, 2, null]"),
        ("either=null", '[1, 1, false, [], {}, 1, "null"]'),
        ("text=1.10", None),
        ("text=", None),
    ],
)
def test_values_have_the_type_their_input_declares(
    typed: Repo, variable: str, expected: str | None
) -> None:
    text = variable.removeprefix("text=") if expected is None else "x"
    expected = expected or "[1, 1, false, [], {}, 1, null]"
    assert rendered(typed, "text=x", variable) == f"{text}|{expected}\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--var", "count=many"],
            snapshot("""\
error: input 'count' takes integer, not 'many'
 hint: write a number: --var count=3
"""),
        ),
        (
            ["--var", "ratio=NaN"],
            snapshot("""\
error: input 'ratio' takes number, not 'NaN'
 hint: write a number: --var ratio=3
"""),
        ),
        (
            ["--var", "formal=yes"],
            snapshot("""\
error: input 'formal' takes boolean, not 'yes'
 hint: write --var formal=true or --var formal=false
"""),
        ),
        (
            ["--var", "names=a,b"],
            snapshot("""\
error: input 'names' takes array, not 'a,b'
 hint: write JSON: --var 'names=["a", "b"]', or --var names=@file.json
"""),
        ),
        (
            ["--var", "text=x", "--var", "count=1.5"],
            snapshot("error: input 'count' is not a whole number\n"),
        ),
        (
            ["--var", "text=x", "--var", "size=3"],
            snapshot("error: input 'size' is refused: 3 is not one of 1 or 2\n"),
        ),
        (
            ["--var", "txet=x"],
            snapshot("""\
error: input 'text' is missing; unknown input 'txet'
 hint: did you mean 'text'?
"""),
        ),
        (
            [],
            snapshot("""\
error: input 'text' is missing
 hint: this prompt takes 'text', 'count', 'ratio', 'formal', 'names', 'facts', 'size', 'either'
"""),
        ),
        (
            ["--var", "text"],
            snapshot("""\
error: 'text' is not of the form name=value
 hint: write --var name=value
"""),
        ),
        (
            ["--var", "=x"],
            snapshot("""\
error: '=x' is not of the form name=value
 hint: write --var name=value
"""),
        ),
        (
            ["--var", "text=@nowhere"],
            snapshot("""\
error: nowhere: no such file or directory
 hint: check that the file exists and is accessible, and that the disk is not full
"""),
        ),
        (
            ["--var", "text=@"],
            snapshot("""\
error: no file is named after '@'
 hint: write --var name=@file
"""),
        ),
        (
            ["--vars", "nowhere"],
            snapshot("""\
error: nowhere: no such file or directory
 hint: check that the file exists and is accessible, and that the disk is not full
"""),
        ),
    ],
    ids=count(),
)
def test_a_value_that_does_not_fit_is_one_line(typed: Repo, args: list[str], message: str) -> None:
    result = run(typed, "render", "a", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert masked(result.stderr) == message
    assert "Traceback" not in result.stderr


def test_texts_come_through_unchanged(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"prompts/a.md": prompt_text(body="{{ question }}")})
    text = "[bold]x[/bold] {{ no }} {% raw %}\ttab \U0001f469\u200d\U0001f4bb é " + "y" * 5000
    (tmp_path / "text").write_text(text)
    assert rendered(repo, f"question=@{tmp_path / 'text'}") == f"{text}\n"
    assert run(repo, "render", "a", "--var", "question=@-", stdin=text).stdout == f"{text}\n"
    assert rendered(repo, "question=@@home") == "@home\n"


def test_files_give_values_and_options_win(typed: Repo, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"text": "a", "count": 2}')
    (tmp_path / "b.yaml").write_text("text: b\nnames: [no-one]\n")
    files = [f"--vars={tmp_path / name}" for name in ("a.json", "b.yaml")]
    result = run(typed, "render", "a", *files, "--var", "ratio=3")
    assert result.stdout == snapshot('b|[2, 3, false, ["no-one"], {}, 1, null]\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- a",
            snapshot("""\
error: <folder>/v is neither JSON nor YAML in line 1: the file is not a mapping
 hint: write 'key: value' lines
"""),
        ),
        (
            "[1, 2]",
            snapshot("""\
error: <folder>/v is not a mapping of inputs
 hint: write 'name: value' lines
"""),
        ),
        (
            "text: no\n",
            snapshot("""\
error: <folder>/v is neither JSON nor YAML in line 1: YAML reads no as true or false
 hint: write "no" for the text, false for the switch
"""),
        ),
        (
            "text: 'x\n",
            snapshot("""\
error: <folder>/v is neither JSON nor YAML in line 3: the file is not YAML: found unexpected end of stream
 hint: look for a wrong indentation or an open quote or bracket, here or above
"""),
        ),
        (
            "",
            snapshot("""\
error: <folder>/v is neither JSON nor YAML in line 0: the file is empty
 hint: give at least version, description, author and model
"""),
        ),
    ],
    ids=count(),
)
def test_a_file_of_values_with_a_mistake_is_one_line(
    typed: Repo, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "v").write_text(text)
    result = run(typed, "render", "a", "--vars", str(tmp_path / "v"))
    assert result.exit_code == 2
    assert masked(result.stderr) == message


def test_bytes_that_are_no_text_are_refused(typed: Repo, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"\xff")
    result = run(typed, "render", "a", "--var", f"text=@{tmp_path / 'v'}")
    assert result.exit_code == 2
    assert masked(result.stderr) == snapshot("""\
error: <folder>/v is not UTF-8: byte 0xff at 0
 hint: convert it to UTF-8
""")


def test_json_and_request_are_what_programs_take(repo: Repo) -> None:
    body = "{% system %}Be kind.{% endsystem %}{% user %}{{ question }}{% enduser %}"
    repo.commit({"prompts/a.md": prompt_text(body=body, temperature="0.5")})
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "why"},
    ]
    args = ("render", "a", "--var", "question=why", "--format")
    document = json.loads(run(repo, *args, "json").stdout)
    assert (document["schema"], document["version"]) == ("promptops.render/v1", "1.0.0")
    assert document["messages"] == messages
    assert json.loads(run(repo, *args, "request").stdout) == {
        "model": "openai/gpt-4o-mini",
        "messages": messages,
        "temperature": 0.5,
    }
    assert run(repo, *args, "text").stdout == snapshot("system\nBe kind.\n\nuser\nwhy\n")


@pytest.mark.story
def test_a_version_and_an_environment_render_what_they_hold(repo: Repo) -> None:
    for version in ("1.0.0", "1.1.0"):
        repo.commit({"prompts/a.md": prompt_text(version, body=f"{version} {{{{ question }}}}")})
        assert run(repo, "release", "a").exit_code == 0
    assert run(repo, "promote", "a@1.0.0", "--to", "staging", "--yes").exit_code == 0
    repo.write("prompts/a.md", prompt_text("1.2.0", body="here {{ question }}"))
    for ref, text in {
        "a": "here x",
        "a@working": "here x",
        "a@1.1.0": "1.1.0 x",
        "a@latest": "1.1.0 x",
        "a@<1.1": "1.0.0 x",
        "a@staging": "1.0.0 x",
    }.items():
        assert run(repo, "render", ref, "--var", "question=x").stdout == f"{text}\n", ref
    for ref in ("a@2.0.0", "a@production", "b", "b@1.0.0", "a@"):
        result = run(repo, "render", ref, "--var", "question=x")
        assert (result.exit_code, result.stdout) == (2, ""), ref
        assert "hint:" in result.stderr


def test_a_prompt_that_is_not_valid_is_not_rendered(repo: Repo) -> None:
    repo.commit({"prompts/a.md": "---\nversion: 1.10\n---\nHello"})
    result = run(repo, "render", "a")
    assert result.exit_code == 1
    assert "prompts/a.md" in result.stderr or "a.md:2:10" in result.stderr
