"""Findings as SARIF 2.1.0 (OASIS), which code scanning and editors read.

Follows the limits in GitHub's documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.checks.registry import GROUPS, describe, explain
from promptops.checks.report.outcome import fingerprints
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.checks.report.outcome import ReportOutcome
    from promptops.prompt.finding import Finding, Inclusion, Position

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PROBLEMS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "recommendation",
}
MAX_RESULTS = 25_000
MAX_LOCATIONS = 100
MAX_DESCRIPTION = 1_024
MAX_MESSAGE = 1_000


def render(outcome: ReportOutcome) -> str:
    """Return one SARIF log with one run; if there are too many findings, the most severe ones."""
    from promptops.about import __version__

    order = list(Severity)
    found = list(zip(outcome.findings, fingerprints(outcome), strict=True))
    if len(found) > MAX_RESULTS:
        found = sorted(found, key=lambda pair: order.index(pair[0].severity))[:MAX_RESULTS]
    levels: dict[str, Severity] = {}
    for finding, _ in found:
        known = levels.setdefault(finding.check, finding.severity)
        levels[finding.check] = min(known, finding.severity, key=order.index)
    ids = {check: index for index, check in enumerate(sorted(levels))}
    driver = {
        "name": "promptops",
        "semanticVersion": __version__,
        "rules": [_rule(check, levels[check], outcome.rules.get(check)) for check in ids],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "promptops/"},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, ids[finding.check], fingerprint, outcome)
            for finding, fingerprint in found
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _rule(check: str, severity: Severity, rule: str | None) -> dict[str, Any]:
    text = rule or explain(check)
    summary = _cut(rule or describe(check), MAX_DESCRIPTION)
    return {
        "id": check,
        "name": "".join(word.capitalize() for word in check.split("-")),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "tags": ["prompts", *(group for group, ids in GROUPS.items() if check in ids)],
            "problem.severity": _PROBLEMS[severity],
        },
    }


def _result(
    finding: Finding, rule: int, fingerprint: str, outcome: ReportOutcome
) -> dict[str, Any]:
    text = f"{finding.message}; {finding.hint}" if finding.hint else finding.message
    result = {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _cut(text, MAX_MESSAGE)},
        "locations": [{"physicalLocation": _location(finding.path, finding.position)}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }
    related = _related(outcome.included_from.get(finding.path, ()))
    return {**result, "relatedLocations": related} if related else result


def _related(chain: Sequence[Inclusion]) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "message": {"text": "included from here"},
            "physicalLocation": _location(inclusion.path, inclusion.position),
        }
        for number, inclusion in enumerate(chain[:MAX_LOCATIONS], start=1)
    ]


def _location(path: str, place: Position | None) -> dict[str, Any]:
    from urllib.parse import quote

    # Code scanning hides a result without a region; a finding about a whole file gets line 1.
    region = {"startLine": 1}
    if place is not None:
        region = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": max(place.end_column, place.column)
            if place.end_line == place.line
            else place.end_column,
        }
    uri = quote(path, errors="surrogateescape")
    return {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
