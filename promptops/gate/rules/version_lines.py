"""List the exact version lines that a change must write."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.gate.rules.versions import find_version
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.gate.rules.change import PromptChange
    from promptops.prompt.finding import Finding
    from promptops.prompt.version import Version

VERSION_RULES = frozenset(
    {"carried-version", "changed-release", "lowered-version", "small-bump", "unchanged-version"}
)


class VersionLine(NamedTuple):
    """A version that must be written before the change may be merged.

    Attributes:
        path: the prompt's file, from the repository's top.
        line: the number of the line, from 1.
        version: what to write there.
        text: the whole new line.
        reason: why it is required.
        check: the id of the check that requires it.
    """

    path: str
    line: int
    version: Version
    text: str
    reason: str
    check: str

    def __str__(self) -> str:
        """`prompts/triage.md, line 2: version: 0.2.0`."""
        return f"{self.path}, line {self.line}: {self.text.strip()}"


def list_version_lines(
    prompts: Iterable[PromptChange], findings: Iterable[Finding]
) -> list[VersionLine]:
    """Return the exact lines to write, in the order of prompts."""
    wrong = {one.path: one for one in findings if one.check in VERSION_RULES}
    found = (_find_line(one, wrong.get(one.path)) for one in prompts)
    return [line for line in found if line is not None]


def _find_line(change: PromptChange, finding: Finding | None) -> VersionLine | None:
    if finding is None or change.after is None or finding.severity is not Severity.ERROR:
        return None
    document = change.after.closure.document
    place = document.locate(["version"])
    version = find_version(change)
    if finding.check == "carried-version" and change.before and change.before.prompt:
        version = change.before.prompt.version
    if place is None or place.line != place.end_line or version is None:
        return None
    line = document.text.split("\n")[place.line - 1]
    text = line[: place.column - 1] + str(version) + line[place.end_column - 1 :]
    return VersionLine(
        change.path, place.line, version, text.rstrip("\r"), finding.message, finding.check
    )
