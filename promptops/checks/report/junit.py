"""Findings as JUnit XML, which Jenkins, GitLab, Azure and most other CI servers show as tests.

Each file with findings is a suite and each finding a test: an error has failed, a warning or note
has passed with its text as output. A run without findings has one passed test, since some servers
reject a report without tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.report.xml_text import to_xml_attribute, to_xml_text
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.checks.report.outcome import ReportOutcome
    from promptops.prompt.finding import Finding


def render(outcome: ReportOutcome) -> str:
    """Return one XML document."""
    files: dict[str, list[Finding]] = {}
    for finding in outcome.findings:
        files.setdefault(finding.path, []).append(finding)
    suites = [line for path, findings in files.items() for line in _suite(path, findings)]
    if not suites:
        suites = [
            '  <testsuite name="promptops" tests="1" failures="0" errors="0">',
            '    <testcase classname="promptops" name="validate" time="0"/>',
            "  </testsuite>",
        ]
    total = len(outcome.findings) or 1
    failures = outcome.count(Severity.ERROR)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="promptops" tests="{total}" failures="{failures}" errors="0">',
            *suites,
            "</testsuites>",
        ]
    )


def _suite(path: str, findings: Sequence[Finding]) -> list[str]:
    failures = sum(finding.severity is Severity.ERROR for finding in findings)
    counts = f'tests="{len(findings)}" failures="{failures}" errors="0"'
    lines = [f"  <testsuite name={to_xml_attribute(path)} {counts}>"]
    for finding in findings:
        lines += _case(finding)
    return [*lines, "  </testsuite>"]


def _case(finding: Finding) -> list[str]:
    place = finding.position
    name = f"{finding.check} at {place.line}:{place.column}" if place else finding.check
    line = f' line="{place.line}"' if place else ""
    text = f"{finding.place}: {finding.severity.value}: {finding.message}"
    if finding.hint:
        text += f"\nhint: {finding.hint}"
    opening = (
        f"    <testcase classname={to_xml_attribute(finding.path)} name={to_xml_attribute(name)} "
        f'file={to_xml_attribute(finding.path)}{line} time="0">'
    )
    body = to_xml_text(text)
    if finding.severity is Severity.ERROR:
        message = to_xml_attribute(finding.message)
        kind = to_xml_attribute(finding.check)
        what = f"      <failure type={kind} message={message}>{body}</failure>"
    else:
        what = f"      <system-out>{body}</system-out>"
    return [opening, what, "    </testcase>"]
