"""`promptops schema`: print the JSON Schema of the frontmatter."""

from __future__ import annotations

from promptops.cli.session import emit_json


def schema() -> None:
    """Print the JSON Schema of a prompt's frontmatter, for editors and other tools."""
    from promptops.schema import frontmatter_schema

    emit_json(frontmatter_schema())
