"""Reports of one line for each finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from inline_snapshot import snapshot

from promptops.checks import report
from promptops.checks.report.concise import headline
from promptops.prompt.finding import Finding, Position, Severity
from tests.checks.report.pieces import OUTCOME, OUTCOMES, PROMPTLY
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome


@pytest.mark.story
@PROMPTLY
@given(OUTCOMES)
def test_concise_is_what_editors_take_for_compiler_messages(outcome: ReportOutcome) -> None:
    lines = report.render("concise", outcome).split("\n") if outcome.findings else []
    assert len(lines) == len(outcome.findings)
    for line in lines:
        assert re.fullmatch(r".+?(:\d+:\d+)?: (error|warning|note): .* \[[a-z-]+\]", line)


def test_concise_is_one_line_each() -> None:
    assert masked(report.render("concise", OUTCOME).split("\n")) == snapshot(
        [
            "prompts/a.md:2:8: error: 'tikcet' is not a declared input [undeclared-variable]",
            "prompts/a.md:3:8: warning: odd [syntax]",
            "prompts/_p.md: note: unused [unused-partial]",
        ]
    )


def test_a_line_is_painted_by_what_its_parts_are_for_and_stays_one_line() -> None:
    finding = Finding("syntax", Severity.ERROR, "two\nlines \x1b", "a.md", Position(1, 2, 1, 3))
    line = headline(finding, lambda text, purpose: f"<{purpose}>{text}")
    assert line == "<place>a.md:1:2: <error>error: two<U+000A>lines <U+001B> <frame>[syntax]"
