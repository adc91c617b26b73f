"""Findings as SARIF 2.1.0 (OASIS), which code scanning and editors read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.checks import describe, explain
from promptops.finding import Severity

if TYPE_CHECKING:
    from promptops.finding import Finding
    from promptops.report.outcome import Outcome

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render(outcome: Outcome) -> str:
    """One SARIF log with one run."""
    from promptops import __version__

    ids = sorted({finding.check for finding in outcome.findings})
    rules = [
        {
            "id": check,
            "shortDescription": {"text": describe(check)},
            "help": {"text": explain(check), "markdown": explain(check)},
        }
        for check in ids
    ]
    run = {
        "tool": {"driver": {"name": "promptops", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, ids.index(finding.check)) for finding in outcome.findings],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    from urllib.parse import quote

    location: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path)}}
    place = finding.position
    if place is not None:
        location["region"] = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": max(place.end_column, place.column),
        }
    text = f"{finding.message}; {finding.hint}" if finding.hint else finding.message
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }
