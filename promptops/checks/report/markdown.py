"""Findings as Markdown, short enough for a comment on a change.

The first line is an HTML comment by which a script finds its earlier comment and replaces it. Text
from files appears only as code, so that no prompt can mention people, link or forge a line of the
report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.report.outcome import summarize
from promptops.prompt.diff.markdown import code
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.checks.report.outcome import ReportOutcome
    from promptops.prompt.finding import Finding

MARKER = "<!-- promptops validate -->"
_SIGNS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTE: "💡"}
# GitHub refuses comments of more than 65,536 characters.
_MAX_FINDINGS = 50
_MAX_IN_FILE = 10
_MAX_CHARACTERS = 300


def render(outcome: ReportOutcome) -> str:
    """Return a heading with the result, then the findings of each file, most severe files first."""
    errors = outcome.count(Severity.ERROR)
    verdict = "❌ Prompts need work" if errors else "✅ Prompts are fine"
    parts = [f"{MARKER}\n### {verdict}", f"{summarize(outcome)}."]
    room = _MAX_FINDINGS
    left = len(outcome.findings)
    for path, findings in _grouped(outcome.findings):
        shown = findings[: min(room, _MAX_IN_FILE)]
        if not shown:
            break
        room -= len(shown)
        left -= len(shown)
        parts.append("\n".join([f"**{code(path)}**", "", *map(bullet, shown)]))
        hidden = len(findings) - len(shown)
        if hidden and room:
            left -= hidden
            parts.append(f"… and {hidden:,} more in this file.")
    if left:
        parts.append(f"… and {left:,} more: `promptops validate` shows them all.")
    return "\n\n".join(parts)


def _grouped(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    order = list(Severity)
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.path, []).append(finding)
    for found in files.values():
        found.sort(key=lambda finding: order.index(finding.severity))
    return sorted(files.items(), key=lambda item: order.index(item[1][0].severity))


def bullet(finding: Finding, *, with_path: bool = False) -> str:
    """Return a finding as a list item, with its path and line, or only the line."""
    place = finding.position
    path = f"{code(finding.path)} " if with_path else ""
    where = f"{path}line {place.line}: " if place else ""
    text = f"- {_SIGNS[finding.severity]} {where}{short(finding.message)} ({code(finding.check)})"
    return f"{text}\n  {short(finding.hint)}" if finding.hint else text


def short(text: str) -> str:
    """Return the beginning of a text as code, which nothing in it can end."""
    return code(text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…")
