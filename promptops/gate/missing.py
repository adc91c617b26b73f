"""What a change lacks, and who can give it: the first thing that a reviewer wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.gate.rules.consent import Ground
from promptops.gate.rules.versions import find_version
from promptops.gate.summary import group_requirements
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from promptops.gate.rules import PromptChange, Requirement, Verdict
    from promptops.prompt.finding import Finding
    from promptops.prompt.version import Version

VERSION_RULES = frozenset(
    {"carried-version", "changed-release", "lowered-version", "small-bump", "unchanged-version"}
)
CONSENT_RULES = frozenset({"missing-approval", "missing-review", "unapproved-suppression"})
_EVIDENCE = "missing-evidence"


class VersionLine(NamedTuple):
    """A version number that has to be written before the change may merge.

    Attributes:
        path: the prompt's file, from the repository's top.
        line: the line of it.
        version: what to write there.
        text: the whole line as it should be.
        reason: why.
        check: the rule.
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


def list_version_lines(verdict: Verdict) -> list[VersionLine]:
    """Return the exact lines to write, in the order of prompts."""
    wrong = {one.path: one for one in verdict.findings if one.check in VERSION_RULES}
    found = (_find_line(one, wrong.get(one.path)) for one in verdict.change.prompts)
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


def list_waiting(verdict: Verdict) -> list[tuple[str, list[Requirement]]]:
    """Return whose approvals hold the change up, with what for."""
    # If approvals were not checked, ownership blocks nothing, so nobody is listed.
    return group_requirements(
        one
        for one in verdict.requirements
        if not one.is_met and (verdict.sources or one.ground is not Ground.OWNERSHIP)
    )


def list_idle(verdict: Verdict) -> list[tuple[str, list[Requirement]]]:
    """Return who owns what changes, where nobody was asked."""
    waiting = {one.path for _, needs in list_waiting(verdict) for one in needs}
    return group_requirements(
        one for one in verdict.requirements if not one.is_met and one.path not in waiting
    )


def list_faults(findings: Iterable[Finding], lines: Iterable[VersionLine]) -> list[Finding]:
    """Return the findings that no version line and no approval answers."""
    answered = {(line.path, line.check) for line in lines}
    return [
        one
        for one in findings
        if one.check not in CONSENT_RULES and (one.path, one.check) not in answered
    ]


def summarize(verdict: Verdict, name: Callable[[str], str]) -> str:
    """Return the verdict in one line: `may not merge: the approval of @x missing`.

    Args:
        verdict: the verdict.
        name: how people and teams are written, so that nobody is mentioned by mistake.
    """
    if verdict.is_allowed:
        return "may merge"
    lacking = list(_name_lacking(verdict, name))
    *first, last = lacking or ["something"]
    words = f"{', '.join(first)} and {last}" if first else last
    return f"may not merge: {words} missing" if lacking else "may not merge"


def _name_lacking(verdict: Verdict, name: Callable[[str], str]) -> Iterator[str]:
    lines = list_version_lines(verdict)
    errors = [one for one in verdict.findings if one.severity is Severity.ERROR]
    faults = [one for one in list_faults(errors, lines) if one.check != _EVIDENCE]
    evidence = sum(one.check == _EVIDENCE for one in errors)
    if faults:
        yield "a fix of 1 error" if len(faults) == 1 else f"fixes of {len(faults):,} errors"
    if lines:
        yield "1 version number" if len(lines) == 1 else f"{len(lines):,} version numbers"
    for owners, _ in list_waiting(verdict):
        yield f"the approval of {name(owners)}"
    if evidence:
        yield "evidence of 1 eval" if evidence == 1 else f"evidence of {evidence:,} evals"
