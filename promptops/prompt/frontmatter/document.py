"""Parse a prompt file: split off the frontmatter, read its values, record positions.

Parsing never raises for a file's content. Faults become findings on the document, each with line
and column. The editor, the gate and the runtime all parse files of unknown authors, and must
survive any file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.prompt.digest import normalize_newlines
from promptops.prompt.finding import Finding, Fix, Position, Severity
from promptops.prompt.frontmatter.plain import read_plain, split_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.prompt.frontmatter.places import Places


# A string that needs no quotes in YAML.
_WORD = "[0-9A-Za-z][0-9A-Za-z.+-]*"
MAX_FILE_BYTES = 4 * 1024 * 1024


class _Layout:
    """Positions in one file. YAML is parsed when the first position is requested."""

    __slots__ = ("_content", "_places")

    def __init__(self, content: str, places: Places | None = None) -> None:
        self._content = content
        self._places = places

    @property
    def places(self) -> Places:
        if self._places is None:
            from promptops.prompt.frontmatter.yaml_values import find_places

            self._places = find_places(self._content)
        return self._places

    def locate_word(self, key: str, end: int) -> Position | None:
        """Return the position of a top-level key's one-word value; None if the YAML parser must
        find it.

        As long as the YAML parser has not run, the frontmatter is known to be simple: only a
        top-level key begins in the first column. `end` is the offset at which the frontmatter ends.
        """
        if self._places is not None:
            return None
        match = re.compile(rf"^{re.escape(key)}: +({_WORD})$", re.MULTILINE).search(
            self._content, 0, end
        )
        if match is None:
            return None
        line = self._content.count("\n", 0, match.start()) + 1
        start, stop = (place - match.start() + 1 for place in match.span(1))
        return Position(line, start, line, stop)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed prompt file, not validated yet.

    Attributes:
        path: the file's path below the prompts folder.
        text: the whole file, newlines normalised, a byte order mark included.
        data: the frontmatter's mapping; empty if it could not be parsed.
        body: the text after the frontmatter.
        body_line: the file's line, from 1, on which the body begins.
        faults: faults of the file's form, as errors.
    """

    path: str
    text: str
    data: Mapping[str, Any]
    body: str
    body_line: int
    faults: tuple[Finding, ...]
    _layout: _Layout | None = field(default=None, compare=False, repr=False)

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Position | None:
        """Return the position of the value at `path` (with `key`, of its key).

        For a missing path, return the position of its nearest existing parent's key: there the
        missing key would be added.
        """
        if self._layout is None or not path:
            return None
        if len(path) == 1 and isinstance(path[0], str) and not key and path[0] in self.data:
            content = self.text.removeprefix("\ufeff")
            place = self._layout.locate_word(path[0], len(content) - len(self.body))
            if place is not None:
                return place
        return self._layout.places.locate(path, key=key)

    def written(self, path: Sequence[str | int]) -> str:
        """Return the value at `path` as written in the file, quotes included; "" if missing."""
        return "" if self._layout is None else self._layout.places.written_at(path)

    def find_removal(self, path: Sequence[str | int]) -> Fix | None:
        """Return the edit that removes the entry at `path` and nothing else.

        Removing the only entry of a mapping removes the mapping. Returns None if other text would
        be affected.
        """
        entry = None if self._layout is None else self._layout.places.find_entry(path)
        if entry is None:
            return None
        path, span = entry
        mark = len(self.text) - len(self.text.removeprefix("\ufeff"))
        start, end = (index + mark for index in span)
        shorter = read_document(self.path, (self.text[:start] + self.text[end:]).encode())
        same = (shorter.data, shorter.body) == (_without(self.data, path), self.body)
        same = same and len(shorter.faults) == len(self.faults)
        return Fix(self.path, start, end, "") if same else None


def _without(data: Mapping[str, Any], path: Sequence[str | int]) -> dict[str, Any]:
    """Return the mapping without the value at `path`."""
    name, *below = path
    if not below:
        return {key: value for key, value in data.items() if key != name}
    return {key: _without(value, below) if key == name else value for key, value in data.items()}


def read_document(path: str, data: bytes) -> Document:
    """Parse the file at `path` (below the prompts folder). Never raises; see `Document.faults`."""
    if len(data) > MAX_FILE_BYTES:
        message = f"the file is larger than {MAX_FILE_BYTES:,} bytes"
        return _broken(path, "", "too-large", message, hint="move everything else out of the file")
    try:
        text = normalize_newlines(data).decode()
    except UnicodeDecodeError:
        fault = find_undecodable(path, data)
        return Document(path, "", {}, "", 1, (fault,) if fault is not None else ())
    return _read_text(path, text)


def _read_text(path: str, text: str) -> Document:
    # Editors do not count the byte order mark in line 1. A check reports the mark itself.
    content = text.removeprefix("\ufeff")
    plain = split_plain(content)
    data = None if plain is None else read_plain(plain.source)
    if plain is not None and data is not None:
        body_line = content.count("\n", 0, plain.body_start) + 1
        body = content[plain.body_start :]
        return Document(path, text, data, body, body_line, (), _Layout(content))
    from promptops.prompt.frontmatter.places import Places
    from promptops.prompt.frontmatter.yaml_values import BOUNDARY, read_yaml

    opening = BOUNDARY.match(content)
    if opening is None:
        late = content.lstrip().startswith("---")
        return _broken(
            path,
            text,
            "missing-frontmatter",
            "the file does not begin with frontmatter",
            hint="remove everything before the first line '---'"
            if late
            else "begin with a line '---', the metadata, and another line '---'",
        )
    closing = BOUNDARY.search(content, opening.end())
    if closing is None:
        return _broken(
            path,
            text,
            "broken-frontmatter",
            "the frontmatter is not closed",
            hint="end it with a line '---'",
        )
    # The boundary's match includes the blank lines after it.
    body_start = min(closing.end() + 1, len(content))
    body_line = content.count("\n", 0, body_start) + 1
    places = Places(content, opening.end())
    data, faults = read_yaml(path, text, places, content[opening.end() : closing.start()])
    layout = _Layout(content, places)
    return Document(path, text, data, content[body_start:], body_line, faults, layout)


def _broken(path: str, text: str, check: str, message: str, *, hint: str | None = None) -> Document:
    fault = Finding(check, Severity.ERROR, message, path, Position(1, 1, 1, 1), hint)
    return Document(path, text, {}, text, 1, (fault,))


def find_undecodable(path: str, data: bytes) -> Finding | None:
    """Return the first byte of the file at `path` that is not UTF-8, as a finding; None without
    one.
    """
    normal = normalize_newlines(data)
    try:
        normal.decode()
    except UnicodeDecodeError as error:
        line = normal.count(b"\n", 0, error.start) + 1
        before = normal[normal.rfind(b"\n", 0, error.start) + 1 : error.start]
        column = len(before.decode().removeprefix("\ufeff" if line == 1 else "")) + 1
        return Finding(
            "not-utf8",
            Severity.ERROR,
            f"byte 0x{normal[error.start]:02x} is not UTF-8",
            path,
            Position(line, column, line, column + 1),
            "save the file as UTF-8",
        )
    return None
