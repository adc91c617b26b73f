"""Findings as workflow commands, which GitHub shows at the lines of a pull request.

See "Workflow commands for GitHub Actions" in GitHub's documentation; the escapes follow GitHub's
toolkit (`actions/toolkit`, `packages/core/src/command.ts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome
    from promptops.prompt.finding import Finding

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(outcome: ReportOutcome) -> str:
    """Return one command for each finding."""
    return "\n".join(_command(finding) for finding in outcome.findings)


def _command(finding: Finding) -> str:
    properties = {"file": finding.path}
    place = finding.position
    if place is not None:
        properties |= {"line": str(place.line), "col": str(place.column)}
        if place.end_line == place.line:
            properties["endColumn"] = str(max(place.end_column - 1, place.column))
        else:
            properties["endLine"] = str(place.end_line)
    properties["title"] = finding.check
    joined = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    return f"::{_COMMANDS[finding.severity]} {joined}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
