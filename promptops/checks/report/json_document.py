"""Findings for programs: `promptops.validate/v1`, a mapping that stays as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.checks.catalogue import find_page
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome
    from promptops.prompt.finding import Finding

SCHEMA = "promptops.validate/v1"


def render(outcome: ReportOutcome) -> str:
    """Return one JSON document: counts and findings."""
    document = {
        "schema": SCHEMA,
        "summary": {
            "prompts": outcome.prompts,
            "errors": outcome.count(Severity.ERROR),
            "warnings": outcome.count(Severity.WARNING),
            "notes": outcome.count(Severity.NOTE),
        },
        "findings": [_finding(finding, outcome) for finding in outcome.findings],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _finding(finding: Finding, outcome: ReportOutcome) -> dict[str, Any]:
    place = finding.position
    return {
        **finding.as_json(),
        "end_line": place.end_line if place else None,
        "end_column": place.end_column if place else None,
        "fixable": bool(finding.fixes),
        "documentation": find_page(finding.check),
        "included_from": [
            {"path": one.path, "line": one.position.line, "column": one.position.column}
            for one in outcome.included_from.get(finding.path, ())
        ],
    }
