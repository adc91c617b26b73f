"""List what a change lacks, and who can give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import count_of
from promptops.gate.rules.consent import ApprovalReason
from promptops.gate.rules.version_lines import list_version_lines
from promptops.gate.summary import group_requirements
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from promptops.gate.rules import Requirement, Verdict
    from promptops.gate.rules.version_lines import VersionLine
    from promptops.prompt.finding import Finding

CONSENT_RULES = frozenset({"missing-approval", "missing-review", "unapproved-suppression"})
HOPELESS = "all owners contributed to the change: add a second person or a team to CODEOWNERS"
_EVIDENCE = "missing-evidence"


def list_waiting(verdict: Verdict) -> list[tuple[str, list[Requirement]]]:
    """Return the missing approvals, grouped by whose approval is needed."""
    # If approvals were not checked, ownership blocks nothing, so nobody is listed.
    return group_requirements(
        one
        for one in verdict.requirements
        if not one.is_met and (verdict.sources or one.reason is not ApprovalReason.OWNERSHIP)
    )


def list_idle(verdict: Verdict) -> list[tuple[str, list[Requirement]]]:
    """Return the owners of changed files, if approvals were not checked."""
    waiting = {one.path for _, needs in list_waiting(verdict) for one in needs}
    return group_requirements(
        one for one in verdict.requirements if not one.is_met and one.path not in waiting
    )


def list_faults(findings: Iterable[Finding], lines: Iterable[VersionLine]) -> list[Finding]:
    """Return the findings that neither a version line nor an approval can resolve."""
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
        name: formats people and teams, so that they are not mentioned by accident.
    """
    if verdict.is_allowed:
        return "may merge"
    lacking = list(_name_lacking(verdict, name))
    *first, last = lacking or ["something"]
    words = f"{', '.join(first)} and {last}" if first else last
    return f"may not merge: {words} missing" if lacking else "may not merge"


def _name_lacking(verdict: Verdict, name: Callable[[str], str]) -> Iterator[str]:
    lines = list_version_lines(verdict.change.prompts, verdict.findings)
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
        prompts = count_of(evidence, "prompt")
        yield f"passed evals of {prompts}"
