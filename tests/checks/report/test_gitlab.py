"""Reports for GitLab's Code Quality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given

from promptops.checks import report
from tests.checks.report.pieces import OUTCOMES, PROMPTLY, SCHEMAS, conforms, load

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome

GITLAB_SCHEMA = load(SCHEMAS / "gitlab.json")


@PROMPTLY
@given(OUTCOMES)
def test_gitlab_takes_the_report(outcome: ReportOutcome) -> None:
    entries = conforms(GITLAB_SCHEMA, report.render("gitlab", outcome))
    assert len({entry["fingerprint"] for entry in entries}) == len(outcome.findings)
