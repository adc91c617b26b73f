"""Documents with one line of frontmatter to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.frontmatter.document import Document, read_document
from promptops.prompt.metadata import check_metadata

if TYPE_CHECKING:
    from promptops.prompt.finding import Finding


REQUIRED = {
    "version": "version: 1.0.0",
    "description": "description: d",
    "author": "author: jane@example.com",
    "model": "model: m",
}


def read(line: str) -> Document:
    """A document with the required keys, one of which `line` may replace, and `line` last."""
    kept = [text for key, text in REQUIRED.items() if not line.startswith(f"{key}:")]
    return read_document("a.md", "\n".join(["---", *kept, line, "---", "Hello"]).encode())


def judge(line: str) -> list[Finding]:
    document = read(line)
    return [*document.faults, *check_metadata(document)]
