"""Filters: what they print, and what they refuse."""

from __future__ import annotations

from tests.prompt.template.pieces import refusal, text


def test_a_filter_block_prints_only_text() -> None:
    assert text("{% filter list | length %}abc{% endfilter %}") == "3"
    error = refusal("a\n{% filter dictsort(1, 2) %}{% endfilter %}")
    assert error.line == 2
