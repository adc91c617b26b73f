"""`promptops checks`: the list of checks, and one explained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from promptops.checks.registry import CHECKS, FAULTS
from tests.cli.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


def test_every_check_is_listed_with_its_severity_here(repo: Repo) -> None:
    repo.write("promptops.toml", '[checks]\nunused-input = "error"\nwrong-role-order = "off"')
    listed = json.loads(run(repo, "checks", "--format", "json").stdout)
    assert listed["schema"] == "promptops.checks/v1"
    facts = {one["check"]: one for one in listed["checks"]}
    assert set(facts) == {*CHECKS, *FAULTS}
    assert facts["unused-input"]["severity"] == "error"
    assert facts["unused-input"]["default_severity"] == "warning"
    assert facts["wrong-role-order"]["severity"] == "off"
    assert facts["similar-prompt"]["default_severity"] == "off"
    assert not facts["syntax"]["configurable"]
    rows = run(repo, "checks").stdout.splitlines()
    assert set(facts) <= {row.split()[0] for row in rows}
    assert any(row.split()[:2] == ["unused-input", "error"] for row in rows)


def test_a_check_is_explained_with_the_way_to_set_it(repo: Repo, tmp_path: Path) -> None:
    result = run(repo, "checks", "unused-input")
    assert result.stdout == snapshot("""\
# unused-input

Inputs that are declared but never read.

## Finds

A name under `inputs` that neither the body, nor a partial, nor a route's condition reads.

## Why

Callers pass a value that the model never sees, and readers believe that it does.

## Example

    inputs: {ticket: string, language: string}
    ---
    {{ ticket }}

## Instead

    inputs: {ticket: string}
    ---
    {{ ticket }}

Severity: warning. To change it, in promptops.toml:

    [checks]
    unused-input = "error"  # or "warning", "note", "off"

For one prompt, in its frontmatter:

    ignore: {unused-input: reason}
""")
    for heading in ("## Finds", "## Why", "## Example", "## Instead", "[checks]", "ignore:"):
        assert heading in result.stdout
    assert run(repo, "checks", "exposed-secret").stdout == snapshot("""\
# exposed-secret

Keys, tokens and passwords in prompts.

## Finds

Texts in the formats of well-known keys (AWS, GitHub, GitLab, Slack, OpenAI, Anthropic, Google,
Stripe and others), private keys, signed tokens, passwords in URLs, and random-looking values after
words such as `api_key:`. Placeholders and examples are ignored. Every report masks the secret. The
file cannot ignore this check; `promptops.toml` can.

## Why

A prompt is sent to a model's provider, logged, and kept by Git for ever. Anyone who reads one of
these has the key, and a model can be made to reveal it.

## Example

    Call the API with the key sk-ant-api03-…

## Instead

    Call the tool `search`; it knows its own key.

Severity: error. To change it, in promptops.toml:

    [checks]
    exposed-secret = "error"  # or "warning", "note", "off"

A prompt's frontmatter cannot ignore it.
""")
    assert run(repo, "checks", "syntax").stdout == snapshot("""\
# syntax

the template cannot be parsed

Severity: error; fixed, since such a prompt cannot be used.
""")
    document = json.loads(run(repo, "checks", "unused-input", "--format", "json").stdout)
    assert document["schema"] == "promptops.check/v1"
    assert "## Why" in document["documentation"]
    # Documentation is there for who has no repository, too.
    assert run(tmp_path, "checks", "unused-input").exit_code == 0


def test_a_finding_of_the_gate_is_said_to_be_one(repo: Repo) -> None:
    """It stands in brackets as a check does, so somebody will ask."""
    result = run(repo, "checks", "missing-approval")
    assert result.exit_code == 2
    assert result.stderr == snapshot("""\
error: missing-approval is a finding of the gate and cannot be ignored: an owner of a governed file has not approved its new content
 hint: run promptops gate --explain to see its reasons
""")
    assert "did you mean" not in result.stderr


def test_an_unknown_check_is_refused_with_the_nearest(repo: Repo) -> None:
    result = run(repo, "checks", "unused-imput")
    assert result.exit_code == 2
    assert result.stderr == snapshot("""\
error: there is no check 'unused-imput'
 hint: did you mean 'unused-input'?
""")
