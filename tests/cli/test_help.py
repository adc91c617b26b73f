"""Help pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import every_verb
from tests.cli.running import accept, run

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.slow
def test_help_fits_80_columns_and_breaks_no_word(tmp_path: Path) -> None:
    for verb in ("", *every_verb()):
        lines = accept(tmp_path, *verb.split(), "--help").splitlines()
        assert [line for line in lines if len(line) > 80 or line.endswith("-")] == [], verb
