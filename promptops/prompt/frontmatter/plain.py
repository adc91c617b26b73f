"""Parse simple frontmatter without a YAML parser. Nearly all frontmatter is simple.

Not importing PyYAML saves 29 % of `list` with a thousand prompts, and 17 % of a program's first
`get` (`nox -s shortcuts`). Only unambiguous syntax is parsed here: lines `key: value` and
`- value`, the same indented below a key, and values that end on their line. For anything else the
result is None, and the YAML parser decides. A test compares both parsers.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# A string in a flow list or flow mapping: words without special characters.
_WORDS = r"[A-Za-z][\w./@+'()-]*(?: [\w./@+'()-]+)*"
# An integer, a fraction, or three numbers (a version, so a string); all too short to overflow.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?(\.[0-9]{1,15})?", re.ASCII)
_TOKEN = re.compile(
    rf" *(?:([\[\]{{}},])|({_WORDS})(: )?|([0-9][\w.:+-]*)"
    r"""|"([^"\\]*)"(?=[ ,\]}])|'([^']*)'(?=[ ,\]}]))""",
    re.ASCII,
)
_QUOTED = re.compile(r""""([^"\\]*)"|'([^']*)\'""")
_MARK, _WORD, _COLON = 1, 2, 3
_MAX_CHARACTERS = 64 * 1024
_MAX_KEY = 100
_DEEPEST = 16
# YAML 1.1 does not read these words as strings; this parser supports only two of them.
_SPECIAL: dict[str, bool | None] = {
    written: value
    for word, value in (
        *((word, None) for word in ("yes", "no", "on", "off", "null")),
        *(("true", True), ("false", False)),
    )
    for written in (word, word.capitalize(), word.upper())
}


class Split(NamedTuple):
    """A file split in two: the text between the `---` lines, and the offset of the body."""

    source: str
    body_start: int


class _NotPlainYamlError(Exception):
    """The frontmatter needs the YAML parser."""


def split_plain(content: str) -> Split | None:
    """Split a file at its `---` lines; None if white space or size make the split ambiguous."""
    end = content.find("\n---\n", 3, _MAX_CHARACTERS) if content.startswith("---\n") else -1
    body_start = end + 5
    if end < 0 or content[body_start : body_start + 1].isspace():
        return None
    return Split(content[4:end], body_start)


def read_plain(source: str) -> dict[str, Any] | None:
    """Parse `source`, the text between the `---` lines; None if it needs the YAML parser."""
    try:
        return _read(source) or None
    except _NotPlainYamlError:
        return None


def _read(source: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    # The open containers with their indentation, outermost first.
    levels: list[tuple[int, dict[str, Any] | list[Any]]] = [(0, result)]
    opened: str | None = None
    for line in source.split("\n"):
        if not line.isprintable():
            raise _NotPlainYamlError
        text = line.lstrip(" ")
        if not text or text[0] == "#":
            continue
        indent = len(line) - len(text)
        if opened is not None:
            levels.append((indent, _open(levels, opened, indent, text)))
        while levels[-1][0] > indent:
            levels.pop()
        if levels[-1][0] != indent:
            raise _NotPlainYamlError
        opened = _read_line(text, levels[-1][1])
    if opened is not None:
        raise _NotPlainYamlError
    return result


def _open(
    levels: list[tuple[int, dict[str, Any] | list[Any]]], key: str, indent: int, text: str
) -> dict[str, Any] | list[Any]:
    """Add a mapping or list, whose first line is `text`, as the value of `key`."""
    outer, place = levels[-1]
    if indent <= outer or isinstance(place, list) or len(levels) == _DEEPEST:
        raise _NotPlainYamlError
    inner: dict[str, Any] | list[Any] = [] if text.startswith("- ") else {}
    place[key] = inner
    return inner


def _read_line(line: str, place: dict[str, Any] | list[Any]) -> str | None:
    """Add a line's value to its container. Return the key if its value is on the following
    lines.
    """
    if isinstance(place, list):
        if not line.startswith("- "):
            raise _NotPlainYamlError
        place.append(_read_value(line[2:]))
        return None
    key, separator, value = line.partition(": ")
    if not separator and line.endswith(":"):
        key = line[:-1]
    elif not separator:
        raise _NotPlainYamlError
    if not (key.isidentifier() and key.isascii() and len(key) <= _MAX_KEY):
        raise _NotPlainYamlError
    if key in _SPECIAL or key in place:
        raise _NotPlainYamlError
    if not separator:
        return key
    place[key] = _read_value(value)
    return None


def _read_value(text: str) -> Any:  # noqa: ANN401 - any JSON value
    first = text[:1]
    if not first.isascii() or text[-1:] in {" ", ":"}:
        raise _NotPlainYamlError
    if first.isalpha():
        if ": " in text or " #" in text:
            raise _NotPlainYamlError
        return _read_word(text)
    if first.isdigit():
        return _read_number(text)
    if first in {"{", "["}:
        value, end = _read_item(text, 0, 0)
        if end != len(text):
            raise _NotPlainYamlError
        return value
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        raise _NotPlainYamlError
    return quoted[1] if quoted[1] is not None else quoted[2]


def _read_word(text: str) -> str | bool:
    value = _SPECIAL.get(text, text)
    if value is None:
        raise _NotPlainYamlError
    return value


def _read_number(text: str) -> str | int | float:
    number = _NUMBER.fullmatch(text)
    if number is None:
        raise _NotPlainYamlError
    if number[2] is not None:
        return text
    return int(text) if number[1] is None else float(text)


def _read_item(text: str, position: int, depth: int) -> tuple[Any, int]:
    """Return the value at an offset inside brackets, and the offset of its end."""
    token = _next_token(text, position)
    mark, word, colon, digits, double, single = token.groups()
    end = token.end()
    if colon is not None:
        raise _NotPlainYamlError
    if word is not None:
        return _read_word(word), end
    if digits is not None:
        return _read_number(digits), end
    if double is not None or single is not None:
        return (single if double is None else double), end
    if depth == _DEEPEST:
        raise _NotPlainYamlError
    if mark == "{":
        return _read_mapping(text, end, depth + 1)
    if mark == "[":
        return _read_list(text, end, depth + 1)
    raise _NotPlainYamlError


def _read_mapping(text: str, position: int, depth: int) -> tuple[dict[str, Any], int]:
    result: dict[str, Any] = {}
    while True:
        token = _next_token(text, position)
        if token[_MARK] == "}" and not result:
            return result, token.end()
        key = token[_WORD]
        if token[_COLON] is None or key in _SPECIAL or key in result or len(key) > _MAX_KEY:
            raise _NotPlainYamlError
        result[key], position = _read_item(text, token.end(), depth)
        mark, position = _read_mark(text, position)
        if mark == "}":
            return result, position
        if mark != ",":
            raise _NotPlainYamlError


def _read_list(text: str, position: int, depth: int) -> tuple[list[Any], int]:
    token = _next_token(text, position)
    if token[_MARK] == "]":
        return [], token.end()
    result = []
    while True:
        item, position = _read_item(text, position, depth)
        result.append(item)
        mark, position = _read_mark(text, position)
        if mark == "]":
            return result, position
        if mark != ",":
            raise _NotPlainYamlError


def _read_mark(text: str, position: int) -> tuple[str | None, int]:
    token = _next_token(text, position)
    return token[_MARK], token.end()


def _next_token(text: str, position: int) -> re.Match[str]:
    token = _TOKEN.match(text, position)
    if token is None:
        raise _NotPlainYamlError
    return token
