"""One line for each finding: `path:line:column: severity: message [check]`, as compilers write
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.report.outcome import visible

if TYPE_CHECKING:
    from promptops.checks.report.outcome import Paint, ReportOutcome
    from promptops.prompt.finding import Finding


def render(outcome: ReportOutcome) -> str:
    """Return one line for each finding."""
    return "\n".join(headline(finding, outcome.paint) for finding in outcome.findings)


def headline(finding: Finding, paint: Paint) -> str:
    """Return the finding on one line."""
    severity = finding.severity.value
    return (
        f"{paint(visible(finding.place), 'place')}: {paint(severity, severity)}: "
        f"{visible(finding.message)} {paint(f'[{finding.check}]', 'frame')}"
    )
