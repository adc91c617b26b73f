"""Runs as JUnit XML: a test for each sample, and one for what blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from promptops.evals.outcome import judge_run
from promptops.evals.report.junit import to_junit
from promptops.evals.result import SuiteRunResult
from promptops.prompt.suite.suite import Thresholds
from tests.evals.report.runs import run_of, sample

if TYPE_CHECKING:
    from promptops.evals.result import EvalResult


def read(result: EvalResult) -> ET.Element:
    return ET.fromstring(to_junit(result, judge_run(result)[0]))


def list_kinds(result: EvalResult) -> dict[str, str]:
    """Return test -> how it ended."""
    return {
        str(case.get("name")): case[0].tag if len(case) else "passed"
        for case in read(result).iter("testcase")
    }


def with_threshold(result: EvalResult, overall: float) -> EvalResult:
    (suite,) = result.suites
    assert isinstance(suite, SuiteRunResult)
    return replace(result, suites=(replace(suite, thresholds=Thresholds(overall)),))


def test_a_failed_sample_of_a_blocked_run_is_a_failed_test() -> None:
    result = run_of(sample("a", "1"), sample("b", "0"), sample("c", "e"))
    assert list_kinds(result) == {
        "the verdict": "error",
        "a": "passed",
        "b": "failure",
        "c": "error",
    }


def test_a_failed_sample_that_the_verdict_allows_is_no_failed_test() -> None:
    result = with_threshold(run_of(sample("a", "1"), sample("b", "0")), 0.5)
    kinds = list_kinds(result)
    assert kinds["the verdict"] == "passed"
    assert kinds["b"] != "failure"
    suite = read(result)[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "0", "0")


def test_the_counts_are_those_of_the_tests() -> None:
    suite = read(run_of(sample("a", "1"), sample("b", "0"), sample("c", "0")))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "3", "0")


def test_a_run_that_stopped_has_a_test_that_says_why() -> None:
    found = read(run_of(sample("a", "1"), stopped='the "cap" & more'))
    assert found[-1].get("name") == "the run"
    assert found[-1][0][0].get("message") == 'the "cap" & more'


def test_what_a_model_said_stays_text() -> None:
    result = run_of(sample("</testcase><b>", "0", answer="]]></failure>\x00"))
    assert "</testcase><b>" in list_kinds(result)
