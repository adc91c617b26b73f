"""Reports of one line for each finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given
from inline_snapshot import snapshot

from promptops.checks import report
from tests.checks.report.pieces import OUTCOME, OUTCOMES, PROMPTLY
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.checks.report.outcome import ReportOutcome


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
