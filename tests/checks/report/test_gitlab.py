"""Reports for GitLab's Code Quality."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from promptops.checks import report
from promptops.checks.report.outcome import ReportOutcome
from promptops.prompt.finding import Finding, Position, Severity
from tests.checks.report.pieces import OUTCOMES, PROMPTLY, SCHEMAS, conforms, load

GITLAB_SCHEMA = load(SCHEMAS / "gitlab.json")


@pytest.mark.story
@PROMPTLY
@given(OUTCOMES)
def test_gitlab_takes_the_report(outcome: ReportOutcome) -> None:
    entries = conforms(GITLAB_SCHEMA, report.render("gitlab", outcome))
    assert len({entry["fingerprint"] for entry in entries}) == len(outcome.findings)


def test_each_severity_has_one_of_gitlab_and_a_whole_file_its_first_line() -> None:
    findings = [
        Finding("syntax", Severity.ERROR, "m", "a.md", Position(7, 2, 9, 3), "h"),
        Finding("syntax", Severity.WARNING, "m", "a.md"),
        Finding("syntax", Severity.NOTE, "m", "a.md"),
    ]
    entries = json.loads(report.render("gitlab", ReportOutcome(findings, 1)))
    assert [one["severity"] for one in entries] == ["critical", "minor", "info"]
    assert [one["location"]["lines"]["begin"] for one in entries] == [7, 1, 1]
    assert [one["description"] for one in entries] == ["m; h", "m", "m"]
