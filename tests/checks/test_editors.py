"""Schemas for editors, and the settings that lead an editor to them."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from promptops.checks.editors import DraftKind, Editor, EditorDraft, load_schema, write_snippet
from promptops.checks.registry import CHECKS
from tests.checks.pieces import config


@pytest.mark.parametrize("kind", list(DraftKind))
def test_a_schema_is_valid_in_both_drafts(kind: DraftKind) -> None:
    new, old = load_schema(kind), load_schema(kind, EditorDraft.DRAFT_7)
    jsonschema_rs.Draft202012Validator(new)
    jsonschema_rs.Draft7Validator(old)
    assert old["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert {**new, "$schema": ""} == {**old, "$schema": ""}


@pytest.mark.parametrize(
    ("table", "is_valid"),
    [
        ({"unused-input": "error"}, True),
        ({"unused-input": "fatal"}, False),
        ({"unused-imput": "error"}, False),
        ({"prompts/drafts": {"unused-input": "off"}}, True),
        ({"prompts/drafts": {"unused-input": "fatal"}}, False),
    ],
)
def test_an_editor_knows_every_check_of_the_configuration(
    table: dict[str, object], is_valid: bool
) -> None:
    schema = load_schema(DraftKind.CONFIG)
    assert jsonschema_rs.is_valid(schema, {"checks": table}) is is_valid
    assert set(schema["properties"]["checks"]["properties"]) == set(CHECKS)


@pytest.mark.parametrize(
    ("kind", "settings", "pattern"),
    [
        (DraftKind.FRONTMATTER, 'prompts = "a & b/prompts"', "a & b/prompts/**/*.md"),
        (DraftKind.EVALS, 'evals = "quality"', "quality/**/*.yaml"),
        (DraftKind.CONFIG, "", "promptops.toml"),
        (DraftKind.GROUPS, '[gate]\ngroups = "people/groups.toml"', "people/groups.toml"),
    ],
)
def test_jetbrains_maps_the_configured_files_to_the_schema(
    kind: DraftKind, settings: str, pattern: str
) -> None:
    snippet = write_snippet(kind, Editor.JETBRAINS, config(settings))
    options = {
        one.attrib["name"]: one.attrib["value"]
        for one in ET.fromstring(snippet.text).iter("option")
        if "value" in one.attrib
    }
    assert options["path"] == pattern
    assert options["relativePathToSchema"] == snippet.schema_path


def test_vscode_finds_suites_by_their_folder() -> None:
    snippet = write_snippet(DraftKind.EVALS, Editor.VSCODE, config('evals = "ünits"'))
    assert json.loads(snippet.text) == {
        "yaml.schemas": {f"./{snippet.schema_path}": "ünits/**/*.yaml"}
    }


@pytest.mark.parametrize(
    ("kind", "settings", "line"),
    [
        (DraftKind.CONFIG, "", "#:schema ./.promptops/config.schema.json"),
        (
            DraftKind.GROUPS,
            '[gate]\ngroups = "a/b/groups.toml"',
            "#:schema ../../.promptops/groups.schema.json",
        ),
    ],
)
def test_a_file_of_toml_names_its_schema_from_where_it_is(
    kind: DraftKind, settings: str, line: str
) -> None:
    assert write_snippet(kind, Editor.VSCODE, config(settings)).text == line


def test_vscode_holds_neither_partials_nor_readmes_to_the_schema_of_prompts() -> None:
    snippet = write_snippet(DraftKind.FRONTMATTER, Editor.VSCODE, config('prompts = "ai"'))
    assert '"./ai/**/!(_*|README).md"' in snippet.text
