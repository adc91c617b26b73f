"""Reports as JUnit XML, read by another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import junitparser
import pytest
from hypothesis import given

from promptops.checks import report
from promptops.prompt.finding import Severity
from tests.checks.report.pieces import OUTCOMES, PROMPTLY

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome


@pytest.mark.story
@PROMPTLY
@given(OUTCOMES)
def test_junit_is_read_as_tests_by_others(outcome: ReportOutcome) -> None:
    text = report.render("junit", outcome)
    suites = list(junitparser.JUnitXml.fromstring(text.encode()))
    cases = [case for suite in suites for case in suite]
    assert len(cases) == (len(outcome.findings) or 1)
    failed = [case for case in cases if not case.is_passed]
    assert len(failed) == outcome.count(Severity.ERROR)
    assert sum(suite.failures for suite in suites) == len(failed)
    assert sum(suite.tests for suite in suites) == len(cases)
