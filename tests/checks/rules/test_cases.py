"""Every check on texts that pass it and texts that fail it, which stand in `cases/` as data."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.checks.registry import CHECKS, MASKED
from promptops.checks.report import FORMATS, render
from promptops.checks.report.outcome import ReportOutcome
from promptops.prompt.finding import Finding, Severity
from tests.checks.pieces import JOINT, judge, load, validate_case


def describe_place(finding: Finding) -> str:
    return f"{finding.place.removeprefix('prompts/')} {finding.message}"


@pytest.mark.parametrize(("check", "case"), load("passing"))
def test_what_is_fine_is_left_alone(check: str, case: dict[str, Any]) -> None:
    findings = judge(check, case)
    assert check not in {finding.check for finding in findings}
    others = {finding.check for finding in findings if finding.severity is Severity.ERROR}
    assert others == set(case.get("also", [])), "the case is wrong in a way it does not mean"


@pytest.mark.parametrize(("check", "case"), load("failing"))
def test_what_is_wrong_is_found_in_its_place(check: str, case: dict[str, Any]) -> None:
    findings = [finding for finding in judge(check, case) if finding.check == check]
    assert [describe_place(finding) for finding in findings] == case["finds"]
    assert {finding.severity for finding in findings} == {CHECKS[check].RULE.severity}
    if "hint" in case:
        assert findings[0].hint == case["hint"]
    assert all(finding.hint for finding in findings)


@pytest.mark.parametrize(
    ("check", "case"), [case for case in load("failing") if case.values[0] in MASKED]
)
def test_what_must_not_be_seen_is_in_no_report(check: str, case: dict[str, Any]) -> None:
    result = validate_case(check, case)
    outcome = ReportOutcome(result.findings, 1, result.texts)
    hidden = [text.replace(JOINT, "") for text in case["hides"]]
    for name in FORMATS:
        written = render(name, outcome)
        assert not any(text in written for text in hidden), name
    said = repr(result.findings)
    assert not any(text in said for text in hidden)
