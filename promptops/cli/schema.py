"""`promptops schema`: print a JSON Schema, or the editor settings to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.checks.editors import DraftKind, Editor, EditorDraft
from promptops.cli.session import current, emit, emit_json, say
from promptops.errors import NotARepositoryError, UsageError

if TYPE_CHECKING:
    from promptops.repository.config import Config


def schema(
    kind: Annotated[
        DraftKind,
        typer.Argument(metavar="[frontmatter|evals|config|groups]", help="The kind of file."),
    ] = DraftKind.FRONTMATTER,
    draft: Annotated[
        EditorDraft, typer.Option("--draft", help="The JSON Schema draft; most editors support 7.")
    ] = EditorDraft.DRAFT_2020,
    editor: Annotated[
        Editor | None,
        typer.Option("--editor", help="Print the settings that make this editor use the schema."),
    ] = None,
) -> None:
    """Print the JSON Schema for frontmatter, eval suites, the configuration or the groups file."""
    from promptops.checks.editors import load_schema, write_snippet

    if editor is None:
        emit_json(load_schema(kind, draft))
        return
    snippet = write_snippet(kind, editor, _config())
    say(
        f"1. mkdir -p .promptops && promptops schema {kind.value} --draft 7 > {snippet.schema_path}"
    )
    if snippet.needs is not None:
        say(f"2. install {snippet.needs}")
    say(f"{2 + (snippet.needs is not None)}. put this into {snippet.path}:")
    emit(snippet.text, is_verbatim=True)


def _config() -> Config:
    """Return the repository's configuration; the defaults outside of one."""
    from promptops.repository.config import Config

    try:
        return current().repository.config
    except (NotARepositoryError, UsageError):
        return Config()
