"""Parse CODEOWNERS lines as GitLab does: in sections that decide separately.

Sources: GitLab Docs, "CODEOWNERS syntax" and "Advanced CODEOWNERS configuration"; where those are
silent, `ee/lib/gitlab/code_owners/` of GitLab's source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promptops.errors import quote
from promptops.forge.codeowners.file import OwnersProblem, OwnersRule
from promptops.forge.codeowners.pattern import WHITE_SPACE, compile_gitlab, normalize_gitlab
from promptops.prompt.finding import Position, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

# GitLab's own name for the lines before the first heading.
_DEFAULT = "codeowners"
_MAX_APPROVALS = 100

_HEADING = re.compile(
    r"(?P<optional>\^)?\[(?P<name>[^\]]*)\](?:\[(?P<approvals>[\s\d]*)\])?"
    r"(?P<owners>\s*[@\w.\-/\s]*)?",
    re.ASCII,
)
_STRICT_HEADING = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?(?:\s+[@\w.\-/\s]+)?", re.ASCII)
_BROKEN_HEADING = re.compile(r"\^?\[[^\]]+")
_PATTERN = re.compile(r"(?:\\\s|\S)*", re.ASCII)
_WORD = re.compile(r"\S+", re.ASCII)
_WORD_CHARACTER = re.compile(r"\w", re.ASCII)
_ROLE = re.compile(r"@@(?:developer|maintainer|owner)s?", re.IGNORECASE)
_NAME_PART = r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}[A-Za-z0-9_-]|[A-Za-z0-9_])"
_NAME = re.compile(rf"(?<![\w@])@{_NAME_PART}(?:/{_NAME_PART}){{0,20}}", re.ASCII)


@dataclass(slots=True)
class _GitlabSection:
    """A section while it is parsed.

    Attributes:
        name: as its first heading writes it; None for the lines before any heading.
        rules: normalized pattern -> rule; GitLab keeps one rule for each pattern.
        is_optional: whether all its headings so far mark it as optional.
        defaults: the owners in the last heading, for lines without owners.
        approvals: the number in the last heading.
    """

    name: str | None
    rules: dict[str, OwnersRule] = field(default_factory=dict)
    is_optional: bool = True
    defaults: tuple[str, ...] = ()
    approvals: int = 1


def read_gitlab(
    lines: Iterable[tuple[int, str]],
) -> tuple[list[list[OwnersRule]], list[OwnersProblem]]:
    """Parse numbered lines; return the rules of each section, later ones winning, and problems."""
    reading = _GitlabReading()
    for number, line in lines:
        reading.read(number, line)
    sections = [
        [replace(rule, is_optional=section.is_optional) for rule in section.rules.values()]
        for section in reading.sections.values()
    ]
    return sections, reading.problems


class _GitlabReading:
    """One pass over a file."""

    def __init__(self) -> None:
        self.problems: list[OwnersProblem] = []
        self.sections: dict[str, _GitlabSection] = {
            _DEFAULT: _GitlabSection(None, is_optional=False)
        }
        self._current = self.sections[_DEFAULT]
        self._folded = {_DEFAULT: _DEFAULT}

    def read(self, number: int, line: str) -> None:
        """Read one line."""
        text = line.strip(WHITE_SPACE)
        if not text.strip() or text.startswith("#"):
            return
        start = line.index(text) + 1
        heading = _HEADING.match(text)
        if heading is not None:
            self._open(heading, number, start)
            return
        if _BROKEN_HEADING.fullmatch(text):
            self._complain(
                "invalid-section",
                Severity.ERROR,
                "the heading has no closing bracket: GitLab reads the line as a pattern",
                "write [Section name]",
                Position(number, start, number, start + len(text)),
            )
        self._add(text, number, start)

    def _open(self, heading: re.Match[str], number: int, start: int) -> None:
        text = heading.string
        name = heading["name"]
        place = Position(number, start, number, start + len(text))
        if len(self.sections) > 1:  # GitLab compares names from the second heading on
            name = self._folded.get(name.casefold(), name)
        section = self.sections.get(name)
        if section is None:
            section = self.sections[name] = _GitlabSection(name)
            self._folded.setdefault(name.casefold(), name)
        self._current = section
        is_optional = heading["optional"] is not None
        section.is_optional = section.is_optional and is_optional
        # As Ruby's `to_i`: text after the first number is ignored.
        digits = "".join((heading["approvals"] or "").split()[:1]).lstrip("0")
        section.approvals = min(int(digits[:9] or "1"), _MAX_APPROVALS)
        section.defaults, _ = _references(heading["owners"] or "")
        if not name.strip():
            self._complain(
                "invalid-section",
                Severity.ERROR,
                "the section has no name",
                "write a name between the brackets",
                place,
            )
        if is_optional and digits:
            self._complain(
                "invalid-section",
                Severity.WARNING,
                "an optional section needs no approvals: GitLab ignores the number",
                "drop the '^' or the number",
                place,
            )
        rest = text[heading.end() :]
        if rest:
            self._complain(
                "invalid-section",
                Severity.ERROR,
                f"GitLab reads the heading only up to {quote(rest)}",
                "write [Name][approvals] @owner ..., and comments on lines of their own",
                Position(number, start + heading.end(), number, start + len(text)),
            )
        elif name.strip() and not _STRICT_HEADING.fullmatch(text):
            self._complain(
                "invalid-section",
                Severity.WARNING,
                f"GitLab reads {section.approvals} approvals and the owners "
                f"{', '.join(section.defaults) or 'none'}, and calls the heading malformed",
                "write [Name][approvals] @owner ..., with spaces only before the owners",
                place,
            )
        elif (heading["owners"] or "").strip() and not section.defaults:
            self._complain(
                "invalid-owner",
                Severity.ERROR,
                "no default owner of the section is valid: its lines without owners have none",
                "write @user, @group, an e-mail address, or a role such as @@maintainer",
                place,
            )

    def _add(self, text: str, number: int, start: int) -> None:
        written = _PATTERN.match(text)
        pattern = written.group() if written else text
        entry = text[len(pattern) :].lstrip(WHITE_SPACE)
        place = Position(number, start, number, start + len(pattern))
        is_exclusion = pattern.startswith("!")
        section = self._current
        owners: tuple[str, ...] = ()
        if not is_exclusion:
            owners, ignored = _references(entry) if entry else (section.defaults, [])
            for offset, word in ignored:
                at = start + len(text) - len(entry) + offset
                self._complain(
                    "invalid-owner",
                    Severity.WARNING,
                    f"{quote(word)} is not a valid owner: GitLab ignores it and reads the "
                    "owners after it",
                    "write @user, @group, an e-mail address or a role; a comment goes on a line "
                    "of its own",
                    Position(number, at, number, at + len(word)),
                )
            if not owners:
                self._complain(
                    "no-owners",
                    Severity.ERROR,
                    "the rule has no owners: GitLab approves it automatically, promptops does not",
                    "name owners here or in the section's heading; '!pattern' excludes paths",
                    place,
                )
        normalized = normalize_gitlab(pattern[is_exclusion:])
        older = section.rules.get(normalized)
        if older is not None:
            self._complain(
                "duplicate-pattern",
                Severity.WARNING,
                f"the pattern of line {older.line} is repeated: GitLab moves these owners "
                "there, and rules in between take precedence",
                f"remove line {older.line}",
                place,
            )
        # An existing key keeps its position, in Python as in GitLab's Ruby.
        section.rules[normalized] = OwnersRule(
            number,
            pattern,
            owners,
            compile_gitlab(normalized),
            section.name,
            approvals=section.approvals,
            is_exclusion=is_exclusion,
        )

    def _complain(
        self, check: str, severity: Severity, message: str, hint: str, position: Position
    ) -> None:
        self.problems.append(OwnersProblem(check, severity, message, hint, position))


def _references(text: str) -> tuple[tuple[str, ...], list[tuple[int, str]]]:
    """Return the owners in a text, each once, and the words without an owner with their offsets."""
    owners: dict[str, None] = {}
    ignored = []
    for match in _WORD.finditer(text):
        word = match.group()
        found = [word] if _ROLE.fullmatch(word) else [*_NAME.findall(word), *_addresses(word)]
        owners.update(dict.fromkeys(found))
        if not found:
            ignored.append((match.start(), word))
    return tuple(owners), ignored


def _addresses(word: str) -> list[str]:
    """Return the e-mail addresses in a word, as loosely as GitLab reads them."""
    found = []
    parts = word.split("@")
    at = 0
    while at + 1 < len(parts):
        ending = _WORD_CHARACTER.search(parts[at + 1][::-1])
        domain = parts[at + 1][: len(parts[at + 1]) - ending.start()] if ending else ""
        if parts[at] and domain:
            found.append(f"{parts[at]}@{domain}")
            at += 1
        at += 1
    return found
