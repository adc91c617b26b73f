"""Parse CODEOWNERS lines as GitHub does.

Sources: GitHub Docs, "About code owners", and the messages that GitHub shows for faulty lines.
GitHub skips a faulty line, so that an earlier rule decides and paths get unintended owners.
Therefore each faulty line is an error here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import quote
from promptops.forge.codeowners.file import OwnersProblem, OwnersRule
from promptops.forge.codeowners.pattern import compile_github, github_fault
from promptops.prompt.finding import Position, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OWNER = re.compile(
    r"@[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?"  # a login, or a team
    r"|[^\s\x00-\x20@]+@[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+"  # an e-mail address
)


def read_github(lines: Iterable[tuple[int, str]]) -> tuple[list[OwnersRule], list[OwnersProblem]]:
    """Parse numbered lines; return rules, later ones winning, and problems."""
    rules: list[OwnersRule] = []
    problems: list[OwnersProblem] = []
    for number, line in lines:
        tokens = list(_tokens(line.removesuffix("\r")))
        if not tokens:
            continue
        read = _read(number, tokens)
        if isinstance(read, OwnersRule):
            rules.append(read)
        else:
            problems.append(read)
    return rules, problems


def _read(number: int, tokens: list[tuple[int, str]]) -> OwnersRule | OwnersProblem:
    (column, pattern), *rest = tokens
    fault = github_fault(pattern)
    if fault is not None:
        is_heading = pattern.startswith(("[", "^["))
        return OwnersProblem(
            "invalid-pattern",
            Severity.ERROR,
            f"{fault}: GitHub ignores this line, and an earlier rule applies",
            "sections are GitLab's; read the file with --dialect gitlab"
            if is_heading
            else "write a pattern that GitHub supports",
            Position(number, column, number, column + len(pattern)),
        )
    for place, owner in rest:
        if not _OWNER.fullmatch(owner):
            return OwnersProblem(
                "invalid-owner",
                Severity.ERROR,
                f"{quote(owner)} is not a valid owner: GitHub ignores this line, and an earlier "
                "rule applies",
                "write @user, @organization/team or an e-mail address",
                Position(number, place, number, place + len(owner)),
            )
    owners = dict.fromkeys(owner for _, owner in rest)
    return OwnersRule(number, pattern, tuple(owners), compile_github(pattern))


def _tokens(line: str) -> Iterator[tuple[int, str]]:
    """Yield the words of a line up to a comment, each with its column, from 1."""
    at, end = 0, len(line)
    while at < end:
        if line[at] in " \t":
            at += 1
            continue
        if line[at] == "#":
            return
        start = at
        while at < end and line[at] not in " \t":
            at += 2 if line[at] == "\\" else 1
        at = min(at, end)
        yield start + 1, line[start:at]
