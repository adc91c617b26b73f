"""Reports as Markdown, for a comment on a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from promptops.checks import report
from promptops.checks.report.markdown import bullet
from promptops.checks.report.outcome import ReportOutcome
from promptops.prompt.finding import Finding, Position, Severity
from tests.checks.report.pieces import OUTCOMES, PROMPTLY

if TYPE_CHECKING:
    from collections.abc import Sequence


def flatten(tokens: Sequence[Any]) -> list[Any]:
    return [one for token in tokens for one in (token, *flatten(token.children or ()))]


@pytest.mark.story
@PROMPTLY
@given(OUTCOMES)
def test_markdown_lets_no_file_speak_for_itself(outcome: ReportOutcome) -> None:
    text = report.render("markdown", outcome)
    tokens = flatten(MarkdownIt("commonmark").enable("table").parse(text))
    assert text.startswith("<!-- promptops validate -->\n")
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "html_inline", "fence", "code_block"}
    assert sum(token.type == "html_block" for token in tokens) == 1
    spoken = "".join(token.content for token in tokens if token.type == "text")
    assert "@" not in spoken
    assert "octocat" not in spoken


def test_markdown_is_grouped_gravest_first_and_short() -> None:
    def found(path: str, severity: Severity, number: int) -> list[Finding]:
        return [
            Finding("syntax", severity, f"m{n}", path, Position(n, 1, n, 2), "h" * 5_000)
            for n in range(1, number + 1)
        ]

    findings = found("prompts/a.md", Severity.NOTE, 12) + found("prompts/b.md", Severity.ERROR, 1)
    text = report.render("markdown", ReportOutcome(findings, 2))
    assert text.index("b.md") < text.index("a.md")
    assert "… and 2 more in this file." in text
    assert "2 prompts checked: 1 error, 12 notes." in text
    many = [one for n in range(2_000) for one in found(f"prompts/{n}.md", Severity.ERROR, 1)]
    long = report.render("markdown", ReportOutcome(many, 2_000))
    assert len(long) < 65_536
    assert "… and 1,950 more: `promptops validate` shows them all." in long
    fine = report.render("markdown", ReportOutcome([], 3))
    assert fine == snapshot("""\
<!-- promptops validate -->
### ✅ Prompts are fine

3 prompts checked: no problems found.\
""")


def test_a_finding_is_one_item_that_nothing_in_it_ends() -> None:
    finding = Finding(
        "syntax", Severity.WARNING, "a`b\n# no", "p/`x.md", Position(3, 1, 3, 2), "h" * 400
    )
    whole, with_path = bullet(finding), bullet(finding, with_path=True)
    assert whole == f"- ⚠️ line 3: `` a`b⏎# no `` (`syntax`)\n  `{'h' * 300}…`"
    assert with_path == whole.replace("line 3", "`` p/`x.md `` line 3")
    assert bullet(finding._replace(position=None, hint=None)) == "- ⚠️ `` a`b⏎# no `` (`syntax`)"
