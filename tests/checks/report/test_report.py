"""How findings read, for people and for programs."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from promptops.checks import report
from promptops.checks.registry import FAULTS
from promptops.checks.report import FORMATS
from promptops.checks.report.outcome import ReportOutcome, summarize
from promptops.prompt.finding import Finding, Position, Severity
from tests.screens import masked

TEXT = "first\nsay {{ tikcet }} now\n\t日本 {{ x }}\n"
ERROR = Finding(
    "undeclared-variable",
    Severity.ERROR,
    "'tikcet' is not a declared input",
    "prompts/a.md",
    Position(2, 8, 2, 14),
    "did you mean 'ticket'?",
)
WIDE = Finding("syntax", Severity.WARNING, "odd", "prompts/a.md", Position(3, 8, 3, 9))
WHOLE = Finding("unused-partial", Severity.NOTE, "unused", "prompts/_p.md")
OUTCOME = ReportOutcome([ERROR, WIDE, WHOLE], 2, {"prompts/a.md": TEXT})


def render(name: str, outcome: ReportOutcome = OUTCOME) -> str:
    return report.render(name, outcome)


def test_text_shows_the_line_with_a_caret_and_the_hint() -> None:
    assert masked(render("text").split("\n\n")) == snapshot(
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


def test_concise_is_one_line_each() -> None:
    assert masked(render("concise").split("\n")) == snapshot(
        [
            "prompts/a.md:2:8: error: 'tikcet' is not a declared input [undeclared-variable]",
            "prompts/a.md:3:8: warning: odd [syntax]",
            "prompts/_p.md: note: unused [unused-partial]",
        ]
    )


def test_json_is_a_stable_mapping() -> None:
    document = json.loads(render("json"))
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


def test_sarif_names_rules_levels_and_regions() -> None:
    (run,) = json.loads(render("sarif"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["syntax", "undeclared-variable", "unused-partial"]
    assert rules[0]["help"]["text"] == FAULTS["syntax"]
    assert rules[1]["help"]["markdown"] == snapshot("""\
Variables that the template reads but the prompt does not declare as inputs.

## Finds

A name in the body, in a partial at any depth or in a route's condition, that is neither declared
under `inputs` nor set by the template itself.

## Why

No caller can pass an undeclared input, so the call always fails where the name is read.

## Example

    inputs: {ticket: string}
    ---
    {{ tikcet }}

## Instead

    inputs: {ticket: string}
    ---
    {{ ticket }}\
""")
    first, second, third = run["results"]
    assert (first["level"], second["level"], third["level"]) == ("error", "warning", "note")
    assert rules[first["ruleIndex"]]["id"] == first["ruleId"] == "undeclared-variable"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "prompts/a.md", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 14}
    assert third["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_github_commands_cannot_be_forged() -> None:
    evil = Finding(
        "syntax",
        Severity.ERROR,
        "100%\n::error::forged",
        "prompts/a,b:c.md",
        Position(1, 2, 3, 4),
    )
    assert render("github", ReportOutcome([evil, WHOLE], 1)).split("\n") == [
        (
            "::error file=prompts/a%2Cb%3Ac.md,line=1,col=2,endLine=3,title=syntax::"
            "100%25%0A::error::forged"
        ),
        "::notice file=prompts/_p.md,title=unused-partial::unused",
    ]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_terminal_is_never_driven_by_what_a_file_says(name: str) -> None:
    text = "evil \x1b[2J\x07\u202e [bold] ![x](y)"
    finding = Finding("syntax", Severity.ERROR, text, f"prompts/{text}", Position(1, 6, 1, 7), text)
    report = render(name, ReportOutcome([finding], 1, {f"prompts/{text}": text}))
    if name in {"text", "concise"}:
        assert "\x1b" not in report
        assert "\u202e" not in report
    assert "[bold]" in report or name == "sarif"


def test_long_lines_are_cut_around_the_fault() -> None:
    line = "x" * 5000 + "FAULT" + "y" * 5000
    finding = Finding("syntax", Severity.ERROR, "m", "a.md", Position(1, 5001, 1, 5006))
    _, excerpt, carets = render("text", ReportOutcome([finding], 1, {"a.md": line})).split("\n")
    assert len(excerpt) < 120
    assert excerpt[carets.index("^") : carets.rindex("^") + 1] == "FAULT"


@pytest.mark.parametrize(
    "place", [Position(99, 1, 99, 2), Position(1, 99, 1, 120), Position(1, 1, 9, 9)]
)
def test_a_place_outside_of_the_text_does_no_harm(place: Position) -> None:
    finding = Finding("syntax", Severity.ERROR, "m", "a.md", place)
    assert "m [syntax]" in render("text", ReportOutcome([finding], 1, {"a.md": "short"}))


def test_nothing_found_is_nothing_said_but_in_formats_for_programs() -> None:
    empty = ReportOutcome([], 3)
    assert [render(name, empty) for name in ("text", "concise", "github")] == ["", "", ""]
    assert json.loads(render("json", empty))["findings"] == []
    assert json.loads(render("sarif", empty))["runs"][0]["results"] == []
    assert summarize(empty) == snapshot("3 prompts checked: no problems found")


def test_the_summary_counts_each_kind() -> None:
    assert summarize(ReportOutcome([ERROR, ERROR, WHOLE], 1)) == snapshot(
        "1 prompt checked: 2 errors, 1 note"
    )
