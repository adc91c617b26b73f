"""Compile path patterns as each forge does, and derive what a matching path must contain.

GitHub's are gitignore's with exceptions (GitHub Docs, "About code owners"); GitLab's are Ruby's
`File.fnmatch` with FNM_DOTMATCH and FNM_PATHNAME after some rewriting (GitLab Docs, "CODEOWNERS
syntax", and `ee/lib/gitlab/code_owners/file.rb`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

from promptops.forge.codeowners.glob import (
    STAR,
    CharacterClass,
    Element,
    Glob,
    Star,
    Test,
    anything,
    compile_name,
    compile_path,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

# The tokens of one name of a pattern, one for each character.
_Name: TypeAlias = list[Element | Star]

# `**`, with neither star escaped.
_FOLDERS: _Name = [STAR, STAR]

# White space in Ruby.
WHITE_SPACE = " \t\r\n\f\v"


class KeyKind(StrEnum):
    """The requirements that a key can have of a path."""

    PREFIX = "prefix"
    NAME = "name"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class PatternKey:
    """A necessary condition for a path to match a pattern.

    Attributes:
        kind: the meaning of the value.
        value: the path's first names, one of its names, or the identity of a test.
        depth: the number of first names; 0 for other kinds.
        test: a test that one of the path's names must pass; None for other kinds.
        extension: the file extension of every name that passes; empty if unknown.
    """

    kind: KeyKind
    value: Hashable
    depth: int = 0
    test: Test | None = field(default=None, compare=False)
    extension: str = ""


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A compiled pattern.

    Attributes:
        glob: the pattern for a path's list of names; None if no path can match.
        keys: necessary conditions, by which most paths can be skipped.
    """

    glob: Glob | None
    keys: tuple[PatternKey, ...]

    def matches(self, names: Sequence[str]) -> bool:
        """Return whether a path, split at its slashes, matches."""
        return self.glob is not None and self.glob.matches(names)


NEVER = PathPattern(None, ())


_DELICATE = frozenset("[]\\")


def github_fault(pattern: str) -> str | None:
    """Return why GitHub skips a line with this pattern; None if it accepts it."""
    if pattern.startswith("!"):
        return "GitHub does not support negation with '!'"
    if pattern.startswith("\\#"):
        return "GitHub does not support a pattern that begins with '\\#'"
    if "***" in pattern:
        return "GitHub does not support three stars in a row"
    if pattern == "/":
        return "'/' never matches anything"
    if not _DELICATE.intersection(pattern):
        return None
    escaped = False
    for character in pattern:
        if not escaped and character in "[]":
            return "GitHub does not support ranges, and supports brackets only as '\\[' and '\\]'"
        escaped = character == "\\" and not escaped
    return "the pattern ends in a backslash that escapes nothing" if escaped else None


def compile_github(pattern: str) -> PathPattern:
    """Compile a pattern that has no `github_fault`."""
    names = _split_github(pattern)
    is_rooted = not names[0]
    if is_rooted:
        del names[0]
    is_folder = len(names) > 1 and not names[-1]
    if is_folder:
        del names[-1]
    if not all(names):
        return NEVER  # a path has no empty names
    elements: _Name = [] if is_rooted or len(names) > 1 else [STAR]
    compiled = [compile_name(name) for name in names]
    for index, element in enumerate(compiled):
        if names[index] != _FOLDERS:
            elements.append(element)
        elif index == len(names) - 1:
            # Everything below the folder before it, but not that folder.
            elements += [STAR, anything]
        else:
            elements.append(STAR)
    if is_folder:
        elements += [STAR, anything]
    elif names[-1] != [STAR]:
        # A folder's name includes everything in it; only `docs/*` is limited to one level.
        elements.append(STAR)
    return _with_keys(elements, zip(names, compiled, strict=True))


def _split_github(pattern: str) -> list[_Name]:
    names: list[_Name] = [[]]
    is_escaped = False
    for character in pattern:
        if character == "/":
            names.append([])
            is_escaped = False
        elif is_escaped:
            names[-1].append(character)
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == "*":
            names[-1].append(STAR)
        else:
            names[-1].append(anything if character == "?" else character)
    return names


def normalize_gitlab(pattern: str) -> str:
    """Rewrite a pattern as GitLab does before calling `fnmatch`."""
    if pattern == "*":
        return "/**/*"
    if pattern.startswith("\\#"):
        pattern = pattern[1:]
    pattern = _join_escaped_spaces(pattern)
    if not pattern.startswith("/"):
        pattern = f"/**/{pattern}"
    return f"{pattern}**/*" if pattern.endswith("/") else pattern


def _join_escaped_spaces(pattern: str) -> str:
    """Replace a backslash and the white space after it by one space."""
    head, *parts = pattern.split("\\")
    joined = [head]
    for part in parts:
        rest = part.lstrip(WHITE_SPACE)
        joined.append(f"\\{part}" if rest == part else f" {rest}")
    return "".join(joined)


def compile_gitlab(normalized: str) -> PathPattern:
    """Compile a pattern that `normalize_gitlab` returned."""
    names = _split_gitlab(normalized.removeprefix("/"))
    if names is None or not all(names):
        return NEVER
    compiled = [compile_name(name) for name in names]
    elements: _Name = [
        # At the end, `**` equals `*`.
        STAR if names[index] == _FOLDERS and index < len(names) - 1 else element
        for index, element in enumerate(compiled)
    ]
    return _with_keys(elements, zip(names, compiled, strict=True))


def _split_gitlab(pattern: str) -> list[_Name] | None:
    """Return the names of a pattern; None if it has a bracket that cannot match."""
    names: list[_Name] = [[]]
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        is_escaped = character == "\\" and at < len(pattern)
        if is_escaped:
            character = pattern[at]
            at += 1
        if character == "/":
            if is_escaped and names[-1] == _FOLDERS:
                names[-1] = [STAR]  # only an unescaped slash makes `**/` cross folders
            names.append([])
        elif is_escaped:
            names[-1].append(character)
        elif character == "[":
            found = _read_class(pattern, at)
            if found is None:
                return None
            at = found[0]
            names[-1].append(found[1])
        else:
            names[-1].append(_WILD.get(character, character))
    return names


_WILD: dict[str, Element | Star] = {"*": STAR, "?": anything}


def _read_class(pattern: str, at: int) -> tuple[int, CharacterClass] | None:
    """Parse a character class up to its closing bracket. A bracket in first position is literal.

    Returns:
        The offset after it, and the class; None if the bracket is missing or the class empty.
    """
    is_negated = pattern[at : at + 1] in {"!", "^"}
    at += is_negated
    members: set[str] = set()
    ranges: list[tuple[str, str]] = []
    while True:
        if pattern.startswith("]", at):
            if not (members or is_negated):
                return None
            return at + 1, CharacterClass(frozenset(members), tuple(ranges), is_negated)
        first, at = _member(pattern, at)
        if first is None:
            return None
        members.add(first)
        if pattern.startswith("-", at) and not pattern.startswith("-]", at):
            last, at = _member(pattern, at + 1)
            if last is None:
                return None
            # In Ruby a reversed range matches its two ends.
            members.add(last)
            ranges.append((first, last))


def _member(pattern: str, at: int) -> tuple[str | None, int]:
    """Return one character of a class, unescaped, and the offset after it."""
    at += pattern.startswith("\\", at)
    return (pattern[at], at + 1) if at < len(pattern) else (None, at)


def _with_keys(
    elements: Sequence[Element | Star], names: Iterable[tuple[_Name, Element]]
) -> PathPattern:
    """Build the pattern from its elements, and its keys from its names."""
    prefix = list(takewhile(lambda element: isinstance(element, str), elements))
    keys = [PatternKey(KeyKind.PREFIX, "/".join(map(str, prefix)), len(prefix))] if prefix else []
    literals = [element for element in elements[len(prefix) :] if isinstance(element, str)]
    if literals:
        keys.append(PatternKey(KeyKind.NAME, max(literals, key=len)))
    keys += [
        PatternKey(KeyKind.TEST, tuple(name), test=test, extension=_extension(name))
        for name, test in names
        if not isinstance(test, str) and test is not anything
    ]
    return PathPattern(compile_path(elements), tuple(keys))


def _extension(name: _Name) -> str:
    """Return the extension of every matching name; empty if the pattern does not fix it."""
    ending: list[str] = []
    for character in reversed(name):
        if not isinstance(character, str):
            return ""
        if character == ".":
            return "".join(reversed(ending))
        ending.append(character)
    return ""
