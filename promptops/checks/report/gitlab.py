"""Findings as GitLab's Code Quality report, which a merge request shows at its lines.

See "Code Quality report format" in GitLab's documentation: paths are relative to the repository's
top without `./`, and a fingerprint is unique in the report and the same from run to run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.checks.report.outcome import fingerprints
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome
    from promptops.prompt.finding import Finding

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render(outcome: ReportOutcome) -> str:
    """Return a JSON list with one entry for each finding."""
    entries = [
        _entry(finding, fingerprint)
        for finding, fingerprint in zip(outcome.findings, fingerprints(outcome), strict=True)
    ]
    return json.dumps(entries, ensure_ascii=False, indent=2)


def _entry(finding: Finding, fingerprint: str) -> dict[str, Any]:
    text = f"{finding.message}; {finding.hint}" if finding.hint else finding.message
    place = finding.position
    return {
        "description": text,
        "check_name": finding.check,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": finding.path, "lines": {"begin": place.line if place else 1}},
    }
