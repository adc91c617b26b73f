"""Versions and ranges: SemVer 2.0.0, three numbers and an optional lower-case pre-release.

Build metadata is refused: two releases must not differ by it alone. Upper case is refused: release
tags become file names, and some file systems ignore case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import total_ordering

from promptops.errors import UsageError, quote

MAX_VERSION_CHARACTERS = 128
"""The maximum length of a version, in characters; a tag's file name holds the prompt's name too."""

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[a-z-][0-9a-z-]*)"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?", re.ASCII
)
# Compiled on first use: a pinned version does not need it.
_COMPARATOR = rf"(\^|~|>=|<=|>|<|=)? *({_NUMBER})(?:\.({_NUMBER}|[x*])(?:\.({_NUMBER}|[x*]))?)?"


class Level(IntEnum):
    """The size of a version bump. Members are ordered."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def label(self) -> str:
        """The lower-case word for people."""
        return self.name.lower()


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """One SemVer version, ordered by SemVer's precedence (2.0.0, clause 11)."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[int | str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version:
        """Parse `1.2.3` or `1.2.3-rc.1`. Raises UsageError, with a suggestion, for other text."""
        match = _VERSION.fullmatch(text) if len(text) <= MAX_VERSION_CHARACTERS else None
        if match is None or text.endswith(".lock"):
            raise UsageError(f"{quote(text)} is not a version", hint=_version_hint(text))
        major, minor, patch, pre = match.groups()
        identifiers = tuple(
            int(part) if part.isdigit() else part for part in (pre.split(".") if pre else ())
        )
        return cls(int(major), int(minor), int(patch), identifiers)

    def __str__(self) -> str:
        """Return the canonical text, which `parse` reads back to an equal version."""
        text = f"{self.major}.{self.minor}.{self.patch}"
        return f"{text}-{'.'.join(map(str, self.prerelease))}" if self.prerelease else text

    @property
    def precedence(self) -> tuple[object, ...]:
        """A sort key by SemVer: pre-releases before releases, numbers before words."""
        return (
            self.major,
            self.minor,
            self.patch,
            not self.prerelease,
            tuple(
                (0, part, "") if isinstance(part, int) else (1, 0, part) for part in self.prerelease
            ),
        )

    def __lt__(self, other: Version) -> bool:
        """Compare by SemVer's precedence."""
        return self.precedence < other.precedence

    @property
    def is_prerelease(self) -> bool:
        """Whether ranges and `latest` skip this version."""
        return bool(self.prerelease)

    @property
    def core(self) -> Version:
        """The version without its pre-release part."""
        return Version(self.major, self.minor, self.patch)

    def bump(self, level: Level) -> Version:
        """Return the next version for a change of `level`.

        If finishing a pre-release is a big enough step, do that: `2.0.0-rc.1` bumped by any level
        is `2.0.0`. `Level.NONE` returns the version unchanged.
        """
        if level is Level.NONE:
            return self
        if self.prerelease and self.core.level >= level:
            return self.core
        if level is Level.MAJOR:
            return Version(self.major + 1, 0, 0)
        if level is Level.MINOR:
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)

    @property
    def level(self) -> Level:
        """The level by the version's form: `2.0.0` is major, `2.1.0` minor."""
        if self.patch:
            return Level.PATCH
        return Level.MINOR if self.minor else Level.MAJOR

    def level_from(self, base: Version) -> Level:
        """Return the level of the step from `base` to this version; NONE if it is not greater."""
        if self <= base:
            return Level.NONE
        if self.major != base.major:
            return Level.MAJOR
        if self.minor != base.minor:
            return Level.MINOR
        if self.patch != base.patch:
            return Level.PATCH
        # Only the pre-release differs: the level is that of the version's form.
        return self.core.level


def _version_hint(text: str) -> str:
    if len(text) > MAX_VERSION_CHARACTERS:
        return f"a version has at most {MAX_VERSION_CHARACTERS} characters"
    if text.strip() != text:
        return "leave out the white space"
    if text.endswith(".lock"):
        return "Git keeps '.lock' endings for itself"
    if "+" in text:
        return "build metadata is not part of a prompt's version; leave out the part after '+'"
    if re.match(r"[vV][0-9]", text):
        return f"leave out the letter: {text[1:]}"
    if text.lower() != text and _VERSION.fullmatch(text.lower()):
        return f"pre-releases are lower case: {text.lower()}"
    if re.fullmatch(rf"{_NUMBER}(?:\.{_NUMBER})?", text, re.ASCII):
        return f"a version has three numbers: {text + '.0' * (2 - text.count('.'))}"
    if re.match(r"(?:\d+\.)*0\d", text, re.ASCII):
        return "numbers have no leading zeros"
    return "a version is three numbers and an optional pre-release, such as 1.4.0 or 2.0.0-rc.1"


@dataclass(frozen=True, slots=True)
class Range:
    """A set of versions: the intersection of half-open intervals.

    Attributes:
        text: the selector as written.
        bounds: (lowest, highest) pairs; lowest is included, highest excluded, None is open.
    """

    text: str
    bounds: tuple[tuple[Version | None, Version | None], ...]

    def __contains__(self, version: Version) -> bool:
        """Return whether a final version is in the range; pre-releases never are."""
        if version.is_prerelease:
            return False
        return all(
            (low is None or version >= low) and (high is None or version < high)
            for low, high in self.bounds
        )


def parse_range(text: str) -> Range:
    """Parse a range: `^1.2`, `~1.2.0`, `1.x`, `1`, `>=1.0,<2`. All parts must match.

    `^` allows changes that keep the left-most non-zero number, `~` those that keep the minor (as in
    npm and Cargo). Raises UsageError for malformed text.
    """
    bounds = tuple(_parse_comparator(part.strip(" "), text) for part in text.split(","))
    return Range(text, bounds)


def _parse_comparator(part: str, whole: str) -> tuple[Version | None, Version | None]:
    match = re.fullmatch(_COMPARATOR, part, re.ASCII)
    if match is None:
        raise UsageError(
            f"{quote(whole)} is not a version or a range",
            hint="write 1.2.0, ^1.2, ~1.2.0, 1.x or >=1.0,<2; ranges never name pre-releases",
        )
    operator, *numbers = match.groups()
    given = [int(n) for n in numbers if n is not None and n not in {"x", "*"}]
    if numbers[1] in {"x", "*"} and numbers[2] not in {None, "x", "*"}:
        raise UsageError(
            f"{quote(whole)} is not a range", hint=f"nothing can follow a wildcard: {numbers[0]}.x"
        )
    major, minor, patch = (*given, 0, 0)[:3]
    low = Version(major, minor, patch)
    if operator == "^":
        return low, _caret_end(low, len(given))
    if operator == "~":
        return low, low.bump(Level.MAJOR if len(given) == 1 else Level.MINOR)
    after = _next_after(low, len(given))
    return {
        ">=": (low, None),
        ">": (after, None),
        "<": (None, low),
        "<=": (None, after),
    }.get(operator or "=", (low, after))


def _next_after(low: Version, given: int) -> Version:
    """Return the first version above a partial version: 1 -> 2.0.0, 1.2 -> 1.3.0."""
    return low.bump((Level.MAJOR, Level.MINOR, Level.PATCH)[given - 1])


def _caret_end(low: Version, given: int) -> Version:
    if low.major or given == 1:
        return low.bump(Level.MAJOR)
    if low.minor or given == 2:
        return low.bump(Level.MINOR)
    return low.bump(Level.PATCH)
