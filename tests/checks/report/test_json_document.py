"""Reports as JSON: a mapping that stays as it is, and follows its schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from promptops.checks import report
from tests.checks.report.pieces import OUTCOME, OUTCOMES, PROMPTLY, SCHEMAS, conforms, load

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome

JSON_SCHEMA = load(SCHEMAS / "validate.json")


@pytest.mark.story
@PROMPTLY
@given(OUTCOMES)
def test_json_is_what_its_schema_says(outcome: ReportOutcome) -> None:
    document = conforms(JSON_SCHEMA, report.render("json", outcome))
    assert len(document["findings"]) == len(outcome.findings)


def test_json_is_a_stable_mapping() -> None:
    document = json.loads(report.render("json", OUTCOME))
    assert document["schema"] == "promptops.validate/v1"
    assert document["summary"] == {"prompts": 2, "errors": 1, "warnings": 1, "notes": 1}
    assert document["findings"][0] == {
        "check": "undeclared-variable",
        "severity": "error",
        "message": "'tikcet' is not a declared input",
        "hint": "did you mean 'ticket'?",
        "path": "prompts/a.md",
        "line": 2,
        "column": 8,
        "end_line": 2,
        "end_column": 14,
        "fixable": False,
        "documentation": "docs/checks.md#undeclared-variable",
        "included_from": [],
    }
    assert document["findings"][2]["line"] is None
