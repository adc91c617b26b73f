"""Read a prompt file: split frontmatter from body, load the YAML, remember where everything is.

Reading never raises for what a file contains. What is wrong becomes findings on the document, each
at its true line and column, because the same reading serves the editor, the merge gate and the
runtime, and a stranger's file must not be able to stop any of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from promptops.digest import normalize_newlines
from promptops.finding import Finding, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# PyYAML may have been built without libyaml; the pure loader gives the same nodes, slower.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_FILE_BYTES = 4 * 1024 * 1024
_MAX_FRONTMATTER = 512 * 1024
_MAX_DEPTH = 64
# Below this many nesting marks no text can be nested deeper than a C stack bears.
_FEW_NESTING_MARKS = 256

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Document:
    """What one prompt file says, before anyone asks whether that makes sense.

    Attributes:
        path: the file's path below the prompts folder.
        text: the whole file, newlines normalised.
        data: the frontmatter's mapping; empty where it could not be read.
        body: the text behind the frontmatter.
        body_line: the file's line, from 1, on which the body begins.
        faults: what is wrong with the file's form, as errors.
    """

    path: str
    text: str
    data: Mapping[str, Any]
    body: str
    body_line: int
    faults: tuple[Finding, ...]
    _root: yaml.MappingNode | None = None
    _line_offset: int = 0

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Position | None:
        """Where the value at `path` stands in the file (with `key`, its key).

        A path that does not exist gives the place of its nearest existing parent's key, so that
        a missing key is reported where it would have to be added.
        """
        node: yaml.Node | None = self._root
        found: yaml.Node | None = None
        for step in path:
            pair = _child(node, step)
            if pair is None:
                return self._position(found) if found is not None else None
            found, node = pair
        if node is None or not path:
            return None
        return self._position(found if key else node)

    def _position(self, node: yaml.Node | None) -> Position | None:
        if node is None:
            return None
        start, end = node.start_mark, node.end_mark
        return Position(
            start.line + self._line_offset,
            start.column + 1,
            end.line + self._line_offset,
            end.column + 1,
        )


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The (key, value) nodes of one step down; for a list both are the item."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        items = node.value
        if 0 <= step < len(items):
            return items[step], items[step]
    return None


def read_document(path: str, data: bytes) -> Document:
    """Read the file at `path` (below the prompts folder). Never raises; see `Document.faults`."""
    if len(data) > MAX_FILE_BYTES:
        return _broken(path, "", "too-large", f"the file is larger than {MAX_FILE_BYTES:,} bytes")
    try:
        text = normalize_newlines(data).decode()
    except UnicodeDecodeError as error:
        return _undecodable(path, data, error)
    return _read_text(path, text)


def _read_text(path: str, text: str) -> Document:
    bom = text.startswith("\ufeff")
    boundaries = YAMLHandler.FM_BOUNDARY.finditer(text, 1 if bom else 0)
    opening = next(boundaries, None)
    if opening is None or opening.start() != (1 if bom else 0):
        return _broken(
            path,
            text,
            "missing-frontmatter",
            "the file does not begin with frontmatter",
            hint="begin with a line '---', the metadata, and another line '---'",
        )
    closing = next(boundaries, None)
    if closing is None:
        return _broken(
            path,
            text,
            "broken-frontmatter",
            "the frontmatter is not closed",
            hint="end it with a line '---'",
        )
    source = text[opening.end() : closing.start()]
    line_offset = text.count("\n", 0, opening.end()) + 1
    body = text[closing.end() :]
    body_line = text.count("\n", 0, closing.end()) + 1
    faults: list[Finding] = []
    root = _compose(path, source, line_offset, faults)
    document = Document(path, text, {}, body, body_line, (), root, line_offset)
    loader = _Construction(document, faults)
    loaded = loader.mapping(root, 0) if root is not None else {}
    return Document(path, text, loaded, body, body_line, tuple(faults), root, line_offset)


def _broken(
    path: str, text: str, check: str, message: str, *, hint: str | None = None
) -> Document:
    fault = Finding(check, Severity.ERROR, message, path, Position(1, 1, 1, 1), hint)
    return Document(path, text, {}, text, 1, (fault,))


def _undecodable(path: str, data: bytes, error: UnicodeDecodeError) -> Document:
    normal = normalize_newlines(data)
    line = normal.count(b"\n", 0, error.start) + 1
    line_start = normal.rfind(b"\n", 0, error.start) + 1
    column = len(normal[line_start : error.start].decode(errors="replace")) + 1
    fault = Finding(
        "not-utf8",
        Severity.ERROR,
        f"byte 0x{normal[error.start]:02x} is not UTF-8",
        path,
        Position(line, column, line, column + 1),
        "save the file as UTF-8",
    )
    return Document(path, "", {}, "", 1, (fault,))


def _compose(
    path: str, source: str, line_offset: int, faults: list[Finding]
) -> yaml.MappingNode | None:
    """Parse YAML into its node graph, or say what is wrong and return None."""

    def report(message: str, line: int, column: int, hint: str | None = None) -> None:
        position = Position(line + line_offset, column + 1, line + line_offset, column + 2)
        faults.append(
            Finding("broken-frontmatter", Severity.ERROR, message, path, position, hint)
        )

    if len(source) > _MAX_FRONTMATTER:
        report(f"the frontmatter is larger than {_MAX_FRONTMATTER:,} characters", 0, 0)
        return None
    if _too_deep(source):
        report(f"the frontmatter is nested deeper than {_MAX_DEPTH} levels", 0, 0)
        return None
    loader = None
    try:
        loader = _LOADER(source)
        node = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = source.count("\n", 0, error.position)
        column = error.position - (source.rfind("\n", 0, error.position) + 1)
        report(f"character U+{_code_point(error.character):04X} is not allowed in YAML", line, column)
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        report(
            _yaml_message(error), mark.line if mark else 0, mark.column if mark else 0, _yaml_hint(error)
        )
        return None
    except yaml.YAMLError as error:
        report(f"the frontmatter is not YAML: {' '.join(str(error).split())}", 0, 0)
        return None
    finally:
        if loader is not None and hasattr(loader, "dispose"):
            loader.dispose()
    if node is None:
        report("the frontmatter is empty", 0, 0, "give at least version, description, author, model")
        return None
    if not isinstance(node, yaml.MappingNode):
        report("the frontmatter is not a mapping", 0, 0, "write 'key: value' lines")
        return None
    return node


def _code_point(character: object) -> int:
    if isinstance(character, int):
        return character
    return ord(character) if isinstance(character, str) and len(character) == 1 else 0xFFFD


def _too_deep(source: str) -> bool:
    """Whether the YAML nests past the limit, found without recursion."""
    marks = sum(source.count(mark) for mark in ("[", "{", "- ", "-\t", "? ", "-\n"))
    if marks < _FEW_NESTING_MARKS and source.count("\n") < _FEW_NESTING_MARKS:
        return False
    depth = 0
    try:
        for event in yaml.parse(source, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        # Composing stops at the same place, above the limit, and reports it with its position.
        return False
    return False


def _yaml_message(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or error.context or "invalid").split())
    return f"the frontmatter is not YAML: {problem}"


def _yaml_hint(error: yaml.MarkedYAMLError) -> str | None:
    problem = str(error.problem)
    if "mapping values are not allowed" in problem:
        return "quote a value that contains ': '"
    if "cannot start any token" in problem and "\\t" in problem:
        return "indent with spaces, not tabs"
    if "undefined alias" in problem or "found character '*'" in problem:
        return "quote a value that begins with '*'"
    if "cannot start any token" in problem:
        return "quote a value that begins with '@', '`' or '%'"
    return None


class _Construction:
    """Build plain values from YAML nodes; say where a value is not what it looks like."""

    def __init__(self, document: Document, faults: list[Finding]) -> None:
        self._document = document
        self._faults = faults
        self._seen: set[int] = set()

    def _report(self, check: str, message: str, node: yaml.Node, hint: str) -> None:
        position = self._document._position(node)  # noqa: SLF001 - the document's own builder
        self._faults.append(
            Finding(check, Severity.ERROR, message, self._document.path, position, hint)
        )

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._report("broken-frontmatter", "a key is not a word", key_node, "quote the key")
                continue
            key = key_node.value
            if key in result:
                self._report(
                    "duplicate-key",
                    f"'{key}' is given twice",
                    key_node,
                    "YAML would silently take the last one; keep one",
                )
                continue
            result[key] = self._value(value_node, depth + 1)
        return result

    def _value(self, node: yaml.Node, depth: int) -> Any:  # noqa: ANN401 - any YAML value
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._seen:
            self._report(
                "broken-frontmatter",
                "an alias stands for a list or a mapping",
                node,
                "write the value out where it is needed",
            )
            return None
        self._seen.add(id(node))
        if not _is_plain_collection(node.tag):
            self._report("broken-frontmatter", f"tag '{node.tag}' is not used here", node, "leave it out")
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, depth)
        return [self._value(item, depth + 1) for item in node.value]

    def _scalar(self, node: yaml.ScalarNode) -> str | int | float | bool | None:
        tag: str = node.tag
        text: str = node.value
        if tag == "tag:yaml.org,2002:str":
            return text
        kind = tag.removeprefix("tag:yaml.org,2002:")
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text) if len(text) < 300 else text  # noqa: PLR2004 - no real number is longer
        if kind == "float" and _FLOAT.fullmatch(text):
            return float(text)
        if kind == "bool" and text in _BOOLEANS:
            return _BOOLEANS[text]
        if kind == "null" and text in _NULLS:
            return None
        if kind in _SURPRISES:
            self._report(
                "surprising-yaml",
                f"YAML reads {text} as {_SURPRISES[kind]}",
                node,
                f'write "{text}" for the text' + _alternative(kind, text),
            )
            return text
        self._report("broken-frontmatter", f"tag '{tag}' is not used here", node, "leave it out")
        return text


_SURPRISES = {
    "bool": "true or false",
    "int": "a number in another notation",
    "float": "a number in another notation",
    "timestamp": "a date",
    "merge": "a merge of mappings",
    "value": "a default value",
    "null": "nothing",
}


def _alternative(kind: str, text: str) -> str:
    if kind == "bool":
        return f", {'true' if text.lower() in {'yes', 'on', 'y'} else 'false'} for the switch"
    if kind == "int" and text.replace("_", "").lstrip("+-").isdigit() and "_" in text:
        return f", {text.replace('_', '')} for the number"
    return ""


def _is_plain_collection(tag: str) -> bool:
    return tag in {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was meant to be, if any is near."""
    import difflib

    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def name_from_path(path: str) -> str:
    """The name of the prompt at `path` below the prompts folder."""
    return path.removesuffix(".md")


def is_partial(path: str) -> bool:
    """Whether the file, or a folder above it, begins with `_`: included, never run."""
    return any(segment.startswith("_") for segment in path.split("/"))


def is_prompt(path: str) -> bool:
    """Whether a file below the prompts folder is a prompt: `.md`, no partial, no README.md."""
    return path.endswith(".md") and not is_partial(path) and path.rsplit("/", 1)[-1] != "README.md"
