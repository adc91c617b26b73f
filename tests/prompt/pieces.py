"""Prompts in memory, and documents with one line of frontmatter to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.closure import Closure, load_closure
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


HEAD = "---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n"


TOOL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}


def closure_of(text: str, **files: str | bytes) -> Closure:
    """A closure of `a.md`; in the names of files `__` stands for a slash or a full stop."""
    closure = load_closure(
        "a",
        {
            "a.md": text.encode(),
            **{
                name.replace("__", "."): content.encode() if isinstance(content, str) else content
                for name, content in files.items()
            },
        },
    )
    assert closure is not None
    return closure
