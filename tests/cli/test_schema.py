"""`promptops schema`: it takes what the program takes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import yaml

from promptops.checks.registry import CHECKS
from promptops.errors import ConfigurationError
from promptops.gate.rules.people import parse_groups
from promptops.repository.config import load_config
from tests.cli.running import run

if TYPE_CHECKING:
    from tests.repositories import Repo


def schema(repo: Repo, *args: str) -> dict[str, Any]:
    result = run(repo, "schema", *args)
    assert result.exit_code == 0, result.stderr
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


HERE = Path(__file__).parents[2]


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


def test_the_schema_of_the_configuration_knows_each_check(repo: Repo) -> None:
    checks = schema(repo, "config")["properties"]["checks"]
    assert set(checks["properties"]) == set(CHECKS)
    assert set(checks["additionalProperties"]["properties"]) == set(CHECKS)


def test_the_schema_is_the_one_that_judges(tmp_path: Path) -> None:
    schema = json.loads(run(tmp_path, "schema").stdout)
    assert schema["required"] == ["version", "description", "author", "model"]


def test_an_editor_finds_the_schema_from_where_the_groups_file_lies(repo: Repo) -> None:
    result = run(repo, "schema", "groups", "--editor", "vscode")
    assert result.stdout == "#:schema ../.promptops/groups.schema.json\n"


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
