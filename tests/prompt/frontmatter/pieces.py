"""Documents from a few lines of frontmatter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.frontmatter.document import Document, read_document

if TYPE_CHECKING:
    from promptops.prompt.finding import Position


def read(frontmatter: str, body: str = "Hello\n") -> Document:
    return read_document("a.md", f"---\n{frontmatter}\n---\n{body}".encode())


def text_at(document: Document, place: Position | None) -> str:
    """What stands in the file at a place."""
    assert place is not None
    lines = document.text.removeprefix("\ufeff").split("\n")[place.line - 1 : place.end_line]
    if place.line == place.end_line:
        return lines[0][place.column - 1 : place.end_column - 1]
    lines[0] = lines[0][place.column - 1 :]
    lines[-1] = lines[-1][: place.end_column - 1]
    return "\n".join(lines)
