"""JSON Schemas for editors, and the settings that make an editor use them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptops.repository.config import Config


class DraftKind(StrEnum):
    """The files that have a schema."""

    FRONTMATTER = "frontmatter"
    EVALS = "evals"
    CONFIG = "config"
    GROUPS = "groups"


class Editor(StrEnum):
    """The editors for which there is a snippet."""

    VSCODE = "vscode"
    JETBRAINS = "jetbrains"


class EditorDraft(StrEnum):
    """The supported drafts of JSON Schema."""

    DRAFT_2020 = "2020-12"
    DRAFT_7 = "7"


_DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@dataclass(frozen=True, slots=True)
class Snippet:
    """The settings that make an editor use a schema.

    Attributes:
        schema_path: where the schema must be, from the repository's top.
        path: the file to which the text belongs.
        text: the text.
        needs: a sentence on what must be installed; or None.
    """

    schema_path: str
    path: str
    text: str
    needs: str | None


def load_schema(kind: DraftKind, draft: EditorDraft = EditorDraft.DRAFT_2020) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file.

    The schema means the same in both drafts. Many editors support only draft 7.
    """
    if kind is DraftKind.FRONTMATTER:
        from promptops.prompt.metadata import frontmatter_schema

        schema = frontmatter_schema()
    elif kind is DraftKind.EVALS:
        from promptops.prompt.suite.grammar import suite_schema

        schema = suite_schema()
    elif kind is DraftKind.GROUPS:
        schema = _read("groups.schema.json")
    else:
        schema = _read("config.schema.json")
        schema["properties"]["checks"] = _checks_schema(schema)
    return {**schema, "$schema": _DRAFT_7} if draft is EditorDraft.DRAFT_7 else schema


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_bytes())
    return loaded


def _checks_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the table `[checks]`, with every check."""
    from promptops.checks.registry import CHECKS, describe

    severities = {
        check: {"description": f"{describe(check)}.", "$ref": "#/$defs/severity"}
        for check in sorted(CHECKS)
    }
    checks: dict[str, Any] = schema["properties"]["checks"]
    for_paths = {**checks["additionalProperties"], "properties": severities}
    return {**checks, "properties": severities, "additionalProperties": for_paths}


def write_snippet(kind: DraftKind, editor: Editor, config: Config) -> Snippet:
    """Return the settings that make the editor use the schema for this repository's files."""
    schema_path = f".promptops/{kind.value}.schema.json"
    pattern = {
        DraftKind.FRONTMATTER: f"{config.prompts}/**/*.md",
        DraftKind.EVALS: f"{config.evals}/**/*.yaml",
        DraftKind.CONFIG: "promptops.toml",
        DraftKind.GROUPS: config.gate.groups,
    }[kind]
    if editor is Editor.JETBRAINS:
        return Snippet(
            schema_path, ".idea/jsonSchemas.xml", _mapping(kind, schema_path, pattern), None
        )
    if kind is DraftKind.EVALS:
        settings = {"yaml.schemas": {f"./{schema_path}": pattern}}
        text = json.dumps(settings, ensure_ascii=False, indent=2)
        needs = "the extension redhat.vscode-yaml"
        return Snippet(schema_path, ".vscode/settings.json", text, needs)
    if kind in {DraftKind.CONFIG, DraftKind.GROUPS}:
        needs = "the extension tamasfe.even-better-toml"
        up = "../" * pattern.count("/") or "./"
        return Snippet(schema_path, pattern, f"#:schema {up}{schema_path}", needs)
    needs = (
        "the extension unifiedjs.vscode-remark, and: npm install --save-dev remark "
        "remark-frontmatter remark-lint-frontmatter-schema"
    )
    return Snippet(schema_path, ".remarkrc.mjs", _remark(schema_path, config.prompts), needs)


def _remark(schema_path: str, prompts: str) -> str:
    rule = [
        "remark-lint-frontmatter-schema",
        # Partials and readme files have no frontmatter of this kind.
        {"schemas": {f"./{schema_path}": [f"./{prompts}/**/!(_*|README).md"]}},
    ]
    plugins = json.dumps(["remark-frontmatter", rule], ensure_ascii=False, indent=2)
    return f"export default {{ plugins: {plugins} }};"


def _mapping(kind: DraftKind, schema_path: str, pattern: str) -> str:
    from xml.sax.saxutils import quoteattr

    name = quoteattr(f"promptops {kind.value}")
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<project version="4">
  <component name="JsonSchemaMappingsProjectConfiguration">
    <state>
      <map>
        <entry key={name}>
          <value>
            <SchemaInfo>
              <option name="name" value={name} />
              <option name="relativePathToSchema" value={quoteattr(schema_path)} />
              <option name="patterns">
                <list>
                  <Item>
                    <option name="path" value={quoteattr(pattern)} />
                    <option name="mappingKind" value="Pattern" />
                  </Item>
                </list>
              </option>
            </SchemaInfo>
          </value>
        </entry>
      </map>
    </state>
  </component>
</project>"""
