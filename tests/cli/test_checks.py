"""`promptops checks` and `promptops schema`: what the tool says about itself."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import yaml
from inline_snapshot import snapshot

from promptops.checks.registry import CHECKS, FAULTS
from promptops.errors import ConfigurationError
from promptops.gate.rules.people import parse_groups
from promptops.repository.config import load_config
from tests.cli.running import run

if TYPE_CHECKING:
    from tests.repositories import Repo

HERE = Path(__file__).parents[2]


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


def schema(repo: Repo, *args: str) -> dict[str, Any]:
    result = run(repo, "schema", *args)
    assert result.exit_code == 0, result.stderr
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


@pytest.mark.parametrize("kind", ["frontmatter", "evals", "config", "groups"])
@pytest.mark.parametrize(
    ("draft", "validator"),
    [
        ("2020-12", jsonschema_rs.Draft202012Validator),
        ("7", jsonschema_rs.Draft7Validator),
    ],
)
def test_each_schema_is_one_in_both_drafts(
    repo: Repo, kind: str, draft: str, validator: Any
) -> None:
    loaded = schema(repo, kind, "--draft", draft)
    assert draft.replace("7", "draft-07") in loaded["$schema"]
    validator(loaded)


def test_the_repository_s_own_suites_fit_their_schema(repo: Repo) -> None:
    validator = jsonschema_rs.validator_for(schema(repo, "evals"))
    files = sorted((HERE / "evals").rglob("*.yaml"))
    # What scripted models answer lies beside the suites, in a folder of its own.
    for file in (one for one in files if "_answers" not in one.parts):
        validator.validate(yaml.safe_load(file.read_text()))
    assert not validator.is_valid({"schema": "promptops.suite/v2", "prompt": "a", "samples": []})


@pytest.mark.parametrize(
    "text",
    [
        "",
        'prompts = "ai/prompts"\nevals = "ai/evals"\nremote = "upstream"\npush = true',
        'environments = ["dev", "live"]\ndefault_environment = "dev"',
        "[environments.a]\n[environments.b]\nfrom = 'a'\nmerged = false",
        '[checks]\nunused-input = "off"\n[checks."prompts/x/*"]\nunused-input = "note"',
        'prompts = ""',
        "prompts = 3",
        "push = 1",
        "environments = []",
        'environments = ["A"]',
        'environments = ["a", "a"]',
        "environments = ['latest']",
        "[environments.a]\nform = 'b'",
        'remote = "-x"',
        "chekcs = {}",
        '[checks]\nunused-input = "loud"',
        '[checks.x]\nunused-input = "loud"',
    ],
)
def test_the_schema_of_the_configuration_takes_what_the_program_takes(
    repo: Repo, text: str
) -> None:
    import tomllib

    try:
        load_config({"promptops.toml": text.encode()}.get)
        is_read = True
    except ConfigurationError:
        is_read = False
    validator = jsonschema_rs.validator_for(schema(repo, "config"))
    assert validator.is_valid(tomllib.loads(text)) is is_read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[people]\njane = ['@jane', 'jane@example.com']\n[teams]\n'@x/a' = ['jane', '@bob']",
        "[persons]",
        "people = 1",
        "[people]\njane = '@jane'",
        "[people]\njane = ['']",
        "[people]\njane = ['@jane ']",
        "[people]\njane = ['@acme/jane']",
        "[people]\njane = ['@@owner']",
        "[teams]\n'acme/a' = []",
        "[teams]\n'@acme/a' = [1]",
    ],
)
def test_the_schema_of_the_groups_takes_what_the_program_takes(repo: Repo, text: str) -> None:
    import tomllib

    try:
        parse_groups(text.encode())
        is_read = True
    except ConfigurationError:
        is_read = False
    validator = jsonschema_rs.validator_for(schema(repo, "groups"))
    assert validator.is_valid(tomllib.loads(text)) is is_read


def test_an_editor_finds_the_schema_from_where_the_groups_file_lies(repo: Repo) -> None:
    result = run(repo, "schema", "groups", "--editor", "vscode")
    assert result.stdout == "#:schema ../.promptops/groups.schema.json\n"


def test_the_schema_of_the_configuration_knows_each_check(repo: Repo) -> None:
    checks = schema(repo, "config")["properties"]["checks"]
    assert set(checks["properties"]) == set(CHECKS)
    assert set(checks["additionalProperties"]["properties"]) == set(CHECKS)


@pytest.mark.parametrize("kind", ["frontmatter", "evals", "config", "groups"])
def test_editors_are_told_where_the_schema_is(repo: Repo, kind: str) -> None:
    repo.write("promptops.toml", 'prompts = "ai/prompts"\nevals = "ai/evals"')
    place = f".promptops/{kind}.schema.json"
    for editor in ("vscode", "jetbrains"):
        result = run(repo, "schema", kind, "--editor", editor)
        assert result.exit_code == 0
        assert place in result.stdout
        assert f"promptops schema {kind} --draft 7 > {place}" in result.stderr
        if kind in {"frontmatter", "evals"}:
            assert "ai/" in result.stdout
        if editor == "jetbrains":
            names = [one.get("name") for one in ET.fromstring(result.stdout).iter("option")]
            assert "relativePathToSchema" in names
        elif kind == "evals":
            assert list(json.loads(result.stdout)["yaml.schemas"].values()) == [
                "ai/evals/**/*.yaml"
            ]
