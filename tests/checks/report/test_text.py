"""Reports for a terminal: the line, the carets below it, and what to do."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.checks import report
from promptops.checks.report.outcome import ReportOutcome
from promptops.prompt.finding import Finding, Inclusion, Position, Severity
from tests.checks.report.pieces import OUTCOME
from tests.screens import masked


def test_text_says_how_one_comes_to_a_partial() -> None:
    finding = Finding("syntax", Severity.ERROR, "m", "prompts/_p.md", Position(1, 1, 1, 2), "do")
    chain = [Inclusion(f"prompts/{name}.md", Position(9, 1, 9, 20)) for name in ("_q", "a")]
    outcome = ReportOutcome([finding], 1, {finding.path: "x"}, included_from={finding.path: chain})
    assert masked(report.render("text", outcome).split("\n")[-2:]) == snapshot(
        ["  included from prompts/_q.md:9:1, prompts/a.md:9:1", "  hint: do"]
    )


def test_text_shows_the_line_with_a_caret_and_the_hint() -> None:
    assert masked(report.render("text", OUTCOME).split("\n\n")) == snapshot(
        [
            """\
prompts/a.md:2:8: error: 'tikcet' is not a declared input [undeclared-variable]
2 | say {{ tikcet }} now
  |        ^^^^^^
  hint: did you mean 'ticket'?\
""",
            """\
prompts/a.md:3:8: warning: odd [syntax]
3 |     日本 {{ x }}
  |             ^\
""",
            "prompts/_p.md: note: unused [unused-partial]",
        ]
    )


def test_long_lines_are_cut_around_the_fault() -> None:
    line = "x" * 5000 + "FAULT" + "y" * 5000
    finding = Finding("syntax", Severity.ERROR, "m", "a.md", Position(1, 5001, 1, 5006))
    _, excerpt, carets = report.render("text", ReportOutcome([finding], 1, {"a.md": line})).split(
        "\n"
    )
    assert len(excerpt) < 120
    assert excerpt[carets.index("^") : carets.rindex("^") + 1] == "FAULT"


@pytest.mark.parametrize(
    "place", [Position(99, 1, 99, 2), Position(1, 99, 1, 120), Position(1, 1, 9, 9)]
)
def test_a_place_outside_of_the_text_does_no_harm(place: Position) -> None:
    finding = Finding("syntax", Severity.ERROR, "m", "a.md", place)
    assert "m [syntax]" in report.render("text", ReportOutcome([finding], 1, {"a.md": "short"}))
