"""How findings read, for people and for programs."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from promptops.checks import report
from promptops.checks.report import FORMATS
from promptops.checks.report.outcome import ReportOutcome, summarize
from promptops.prompt.finding import Finding, Position, Severity
from tests.checks.report.pieces import OUTCOME


def render(name: str, outcome: ReportOutcome = OUTCOME) -> str:
    return report.render(name, outcome)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_terminal_is_never_driven_by_what_a_file_says(name: str) -> None:
    text = "evil \x1b[2J\x07\u202e [bold] ![x](y)"
    finding = Finding("syntax", Severity.ERROR, text, f"prompts/{text}", Position(1, 6, 1, 7), text)
    report = render(name, ReportOutcome([finding], 1, {f"prompts/{text}": text}))
    if name in {"text", "concise"}:
        assert "\x1b" not in report
        assert "\u202e" not in report
    assert "[bold]" in report or name == "sarif"


def test_nothing_found_is_nothing_said_but_in_formats_for_programs() -> None:
    empty = ReportOutcome([], 3)
    assert [render(name, empty) for name in ("text", "concise", "github")] == ["", "", ""]
    assert json.loads(render("json", empty))["findings"] == []
    assert json.loads(render("sarif", empty))["runs"][0]["results"] == []
    assert summarize(empty) == snapshot("3 prompts checked: no problems found")
