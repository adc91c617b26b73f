"""Find a body's includes without Jinja2.

Resolving a prompt needs only its closure. This scanner saves 28 % of `resolve` for a prompt with a
partial (`nox -s shortcuts`), most of it the import of Jinja2.
"""

from __future__ import annotations

import re


def normalize_newlines(text: str) -> str:
    """Replace CRLF and CR by LF, as in every file of a closure."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


_STRING = r"""(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")"""
_INCLUDE = re.compile(
    rf"\{{%[-+]?\s*include\s*((?:{_STRING}\s*)+)(?:\bwith\s+context\s*)?[-+]?%\}}", re.DOTALL
)
_NOT_IN_PATHS = re.compile(r"[\x00-\x1f\\\x7f]")
_STRINGS = re.compile(_STRING, re.DOTALL)
_OPENING = re.compile(r"\{[#%{]")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*-?%\}")
_RAW_END = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_INSIDE = re.compile(rf"{_STRING}|['\"(\[{{]|[)\]}}]|%\}}", re.DOTALL)


def literal_include(text: str, start: int) -> tuple[str, int] | None:
    """Return path and end of the include tag that begins at `start`; None if it is not a plain one.

    A literal with a backslash is not plain: no path needs an escape.
    """
    match = _INCLUDE.match(text, start)
    if match is None or "\\" in match[1]:
        return None
    return "".join(part[1:-1] for part in _STRINGS.findall(match[1])), match.end()


def include_fault(path: str) -> str | None:
    """Return why a path may not be included; None if it may.

    Paths are relative to the prompts folder and stay in it.
    """
    if not path:
        return "the path is empty"
    if _NOT_IN_PATHS.search(path) is not None:
        return "the path has a backslash or a control character"
    if path.startswith("/"):
        return "the path is absolute"
    if any(segment in {"", ".", ".."} for segment in path.split("/")):
        return "the path has an empty, `.` or `..` segment"
    return None


def find_includes(source: str) -> list[str]:
    """See `promptops.prompt.template.scan_includes`."""
    found: list[str] = []
    source = normalize_newlines(source)
    place = 0
    while (opening := _OPENING.search(source, place)) is not None:
        end = _tag_end(source, opening.start())
        if end is None:
            break
        if opening[0] == "{%" and (include := literal_include(source, opening.start())):
            path, end = include
            if include_fault(path) is None:
                found.append(path)
        place = end
    return found


def _tag_end(source: str, start: int) -> int | None:
    """Return the end offset of the comment, raw block, tag or expression that begins at `start`."""
    kind = source[start + 1]
    if kind == "#":
        end = source.find("#}", start + 2)
        return end + 2 if end >= 0 else None
    if kind == "%" and (raw := _RAW.match(source, start)) is not None:
        closing = _RAW_END.search(source, raw.end())
        return closing.end() if closing is not None else None
    depth = 0
    place = start + 2
    while (part := _INSIDE.search(source, place)) is not None:
        place = part.end()
        if part[0] in {"'", '"'}:
            return None  # an unterminated string: searching on would take quadratic time
        if part[0] in {"(", "[", "{"}:
            depth += 1
        elif part[0] in {")", "]", "}", "%}"}:
            if depth:
                depth -= 1
            elif kind == "{" and source.startswith("}}", part.start()):
                return part.start() + 2
            else:
                return place if kind == "%" and part[0] == "%}" else None
    return None
