"""Reports as workflow commands of GitHub."""

from __future__ import annotations

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
