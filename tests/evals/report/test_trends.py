"""Trends of nights as a section of the HTML report."""

from __future__ import annotations

from dataclasses import replace

from promptops.evals.nightly.trends import list_trends
from promptops.evals.report.trends import to_section
from tests.evals.nightly.pieces import make_night


def test_the_report_draws_what_strangers_wrote_as_text() -> None:
    bad = replace(make_night(1, 10, served=("<script>", "a\x00b")), suite="evals/<b>.yaml")
    text = "\n".join(to_section(list_trends([bad])))
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<rect") == 1
    assert list(to_section([])) == []
