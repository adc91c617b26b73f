"""Replace the version in a prompt's file, and compute the digest without the version.

A changed version number keeps approvals and eval results valid. For this the content digest ignores
the version: two states that differ only in the version have the same one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import InvalidPromptError
from promptops.prompt.digest import compute_digest
from promptops.prompt.frontmatter.document import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.frontmatter.document import Document
    from promptops.prompt.version import Version

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# YAML's node properties: `&anchor` and `!tag`.
_MARKS = re.compile(rb"(?:[&!]\S*[ \t]+)*")
_HEADER = b"promptops-content-v1\n"


def replace_version(data: bytes, version: Version) -> bytes:
    """Return the file with another version; newlines, quotes and comments stay unchanged.

    Raises InvalidPromptError for a file without a version.
    """
    parts = _split(data, read_document("", data))
    if parts is None:
        raise InvalidPromptError(
            "the frontmatter has no version", hint="add a line 'version: 0.1.0'"
        )
    head, marks, value, tail = parts
    quote = value[:1] if value[:1] in {b"'", b'"'} else b""
    return b"".join((head, marks, quote, str(version).encode(), quote, tail))


def leave_out_version(data: bytes, document: Document | None = None) -> bytes:
    """Return the file's bytes without the version's value.

    A value with an anchor is kept, since the rest of the file may refer to it. Pass the parsed
    `document` if it exists already.
    """
    parts = _split(data, document or read_document("", data))
    if parts is None:
        return data
    head, marks, _, tail = parts
    return data if b"&" in marks else head + tail


def compute_content_digest(
    files: Mapping[str, bytes], path: str, document: Document | None = None
) -> str:
    r"""Return a closure's digest without the version in the prompt's file, which is at `path`.

    Like `compute_digest`, with `promptops-content-v1\n` as the first line. Pass the parsed
    `document` of that file if it exists already.
    """
    own = leave_out_version(files[path], document)
    return compute_digest({**files, path: own}, header=_HEADER)


def differ_in_version_alone(one: bytes, other: bytes) -> bool:
    """Return whether two states of a prompt's file differ only in the version."""
    return one != other and leave_out_version(one) == leave_out_version(other)


def _split(data: bytes, document: Document) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Return the text before the version's value, its anchor and tag, the value, and the text after
    it.
    """
    place = document.locate(["version"])
    if place is None or place.line != place.end_line:
        return None
    lines = _LINE.findall(data)
    line = lines[place.line - 1].decode()
    start, end = place.column - 1, place.end_column - 1
    before = b"".join(lines[: place.line - 1])
    after = b"".join(lines[place.line :])
    value = line[start:end].encode()
    found = _MARKS.match(value)
    marks = found[0] if found is not None else b""
    return before + line[:start].encode(), marks, value[len(marks) :], line[end:].encode() + after
