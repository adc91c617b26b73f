"""Help pages, their examples, and completion in shells."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from inline_snapshot import snapshot

from promptops.cli import app
from promptops.cli.commands import COMMANDS, GROUPS
from promptops.cli.examples import EXAMPLES
from promptops.cli.session import has_colour
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

SHELLS = ["bash", "zsh", "fish", "powershell"]


def every_verb() -> list[str]:
    """All help pages: verbs, groups, and the verbs of groups."""
    below = [f"{group} {verb}" for group, verbs in GROUPS.items() for verb in verbs]
    return [*COMMANDS, *below]


def test_every_verb_has_two_examples() -> None:
    assert [
        verb for verb in every_verb() if verb != "complete" and len(EXAMPLES.get(verb, ())) < 2
    ] == []


def test_each_example_fits_a_terminal_of_80_columns() -> None:
    assert [line for lines in EXAMPLES.values() for line in lines if len(line) > 78] == []


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_examples_name_what_there_is(line: str) -> None:
    program, verb, *words = shlex.split(line.partition(" >")[0])
    command: Any = typer.main.get_command(app)
    assert program == "promptops"
    if verb.startswith("-"):
        return
    command = command.get_command(None, verb)
    path = verb
    while path in GROUPS and words and not words[0].startswith("-"):
        path = f"{path} {words[0]}"
        command = command.get_command(None, words.pop(0))
    options = [name for one in command.params for name in (*one.opts, *one.secondary_opts)]
    known = {*options, "--help"}
    assert {word for word in words if word.startswith("-") and len(word) > 1} <= known


def test_help_is_a_verb_too(tmp_path: Path) -> None:
    for words in (("rollback",), ("runs", "list")):
        page = accept(tmp_path, *words, "--help").replace("Usage: root ", "Usage: promptops ")
        assert accept(tmp_path, "help", *words) == page
    assert accept(tmp_path, "help") == snapshot("""\
Usage: promptops [OPTIONS] COMMAND [ARGS]...

  Git is the registry for your prompts: review, release, deploy, run and
  evaluate them.

Options:
  -C PATH        Run as if started in PATH.
  --no-pager     Do not use a pager.
  -V, --version  Show the version.
  -h, --help     Show this message and exit.

Start:
  status      Show what is not committed, released or live.
  init        Set up a repository for prompts.
  new         Write a new prompt with its eval suite.
  adopt       Import prompts from files, code and other tools.
  doctor      Find ways to bypass the gate.
  hook        Check prompts before each commit.
  demo        Run the guided tour in a temporary repository.
  completion  Print a completion script for your shell.
  help        Show help for a verb.
  version     Show the version.

Write:
  validate  Check prompts.
  diff      Compare prompts; show the version bump needed.
  render    Render a prompt with given inputs.
  list      List prompts, or what is live where.
  show      Show a prompt's metadata, inputs and releases.
  bump      Update version numbers to fit the changes.
  blame     Show who wrote each line, and in which release.
  checks    List checks, or explain one.
  schema    Print a JSON Schema for editors and tools.

Review:
  owners   Show who owns which files; check CODEOWNERS.
  eval     Run eval suites and compare the results.
  gate     Decide whether a change may merge.
  approve  Sign an approval of a change or a deployment.

Release:
  release    Create release tags.
  yank       Withdraw a release.
  changelog  Print release notes.

Deploy:
  promote   Make versions live in an environment.
  rollback  Go back to the previous versions.
  retire    Take prompts out of an environment.
  pause     Pause prompts in an environment.
  resume    Resume paused prompts.
  history   Show deployments: who, when, what and why.
  incident  Write an incident report: changes and how to undo them.

Use and look back:
  run            Run a prompt, within the limits.
  serve          Serve prompts over HTTP.
  mcp            Serve prompts to editors and agents over MCP.
  readiness      Check whether a team is ready for production.
  drill          Rehearse a failure.
  site           Generate a static site of the registry.
  stubs          Generate typed client code for prompts.
  resolve        Resolve a prompt ref to a version and digest.
  export         Export a snapshot, or prompts for other tools.
  verify         Verify releases and environments.
  trace          Trace a version, digest, run or output to its authors.
  runs           List, show, export and count runs.
  conversations  Show, export and remove conversations.
  metrics        Print run metrics for Prometheus.
  guards         Show and reset limits.
  alerts         Test the channels for alerts.
  reviews        Review runs that wait for a person.
""")
    page = accept(tmp_path, "help", "rollback")
    assert "Examples:\n  promptops rollback support/triage\n" in page
    assert run(tmp_path, "help", "nothing").exit_code == 2
    for words in (("version",), ("-V",), ("--version",)):
        assert accept(tmp_path, *words).startswith("promptops ")


@pytest.fixture
def shop(tmp_path: Path) -> Repo:
    copy_template(build_shop, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_shop(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text(), "prompts/b/c.md": prompt_text()})
    accept(repo, "release", "a")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["roll"], ["rollback"]),
        (["runs", "li"], ["list"]),
        (["serve", "k"], ["keys"]),
        (["serve", "keys", "rev"], ["revoke"]),
        (["help", "runs", "li"], ["list"]),
        (["rollback", "--to-"], ["--to-deployment"]),
        (["diff", ""], ["a", "b/c"]),
        (["promote", "a@1"], ["a@1.0.0"]),
        (["promote", "a@l"], ["a@latest"]),
        (["rollback", "a@"], []),
        (["promote", "a", "--to", "st"], ["staging"]),
        (["diff", "a", "--format", "m"], ["markdown"]),
        (["completion", "z"], ["zsh"]),
        (["-C", "prompts", "show", "b"], ["b/c"]),
        (["nothing", ""], []),
        (["-"], ["--help", "--version", "-C"]),
    ],
)
def test_what_may_follow(shop: Repo, words: list[str], found: list[str]) -> None:
    assert accept(shop, "complete", "--", *words).split() == found


def test_outside_of_a_repository_nothing_is_offered(tmp_path: Path) -> None:
    assert accept(tmp_path, "complete", "--", "diff", "") == ""
    assert "rollback" in accept(tmp_path, "complete").split()
    assert "complete" not in accept(tmp_path, "complete").split()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_that_it_can_read(tmp_path: Path, shell: str) -> None:
    script = tmp_path / "script"
    script.write_text(accept(tmp_path, "completion", shell))
    assert "promptops complete -- " in script.read_text()
    if shell != "powershell" and shutil.which(shell):
        subprocess.run([shell, "-n", str(script)], check=True)


def test_bash_completes_names_and_versions(shop: Repo, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(accept(tmp_path, "completion", "bash"))
    asked = (
        f"source {script}; COMP_WORDBREAKS=$' @:='; COMP_LINE='promptops show a@1'; COMP_POINT=18;"
        "COMP_WORDS=(promptops show a @ 1); COMP_CWORD=4; _promptops; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "-c", asked],
        cwd=shop.path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1.0.0\n"


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_can_be_forced_and_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *, coloured: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        assert has_colour(stream) is coloured


def test_help_fits_80_columns_and_breaks_no_word(tmp_path: Path) -> None:
    for verb in ("", *every_verb()):
        lines = accept(tmp_path, *verb.split(), "--help").splitlines()
        assert [line for line in lines if len(line) > 80 or line.endswith("-")] == [], verb
