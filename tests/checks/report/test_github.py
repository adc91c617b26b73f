"""Reports as workflow commands of GitHub."""

from __future__ import annotations

import pytest

from promptops.checks import report
from promptops.checks.report.outcome import ReportOutcome
from promptops.prompt.finding import Finding, Position, Severity
from tests.checks.report.pieces import WHOLE


def test_github_commands_cannot_be_forged() -> None:
    evil = Finding(
        "syntax",
        Severity.ERROR,
        "100%\n::error::forged",
        "prompts/a,b:c.md",
        Position(1, 2, 3, 4),
    )
    assert report.render("github", ReportOutcome([evil, WHOLE], 1)).split("\n") == [
        (
            "::error file=prompts/a%2Cb%3Ac.md,line=1,col=2,endLine=3,title=syntax::"
            "100%25%0A::error::forged"
        ),
        "::notice file=prompts/_p.md,title=unused-partial::unused",
    ]


@pytest.mark.parametrize(
    ("position", "properties"),
    [
        # GitHub's last column is the last character; ours is the one after it.
        (Position(3, 4, 3, 9), "line=3,col=4,endColumn=8"),
        (Position(3, 4, 3, 4), "line=3,col=4,endColumn=4"),
        (Position(3, 4, 5, 2), "line=3,col=4,endLine=5"),
        (None, None),
    ],
)
def test_a_command_marks_the_characters_at_fault(
    position: Position | None, properties: str | None
) -> None:
    finding = Finding("syntax", Severity.WARNING, "m", "a.md", position, "do: this, then")
    place = "" if properties is None else f"{properties},"
    assert report.render("github", ReportOutcome([finding], 1)) == (
        f"::warning file=a.md,{place}title=syntax::m%0Ado: this, then"
    )
