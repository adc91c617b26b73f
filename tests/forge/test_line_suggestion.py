"""Suggested lines, as the comments in which a click accepts them."""

from __future__ import annotations

import pytest

from promptops.forge.line_suggestion import SUGGESTION_MARKER, LineSuggestion, write_suggestion


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        ("version: 1.1.0", "```"),
        ("", "```"),
        ("use `x` and ``y``", "```"),
        ("```", "````"),
        ("a ``` b ````` c", "``````"),
    ],
)
def test_no_line_can_end_its_suggestion(text: str, fence: str) -> None:
    body = write_suggestion(LineSuggestion("prompts/a.md", 2, text))
    assert body.split("\n") == [SUGGESTION_MARKER, f"{fence}suggestion", text, fence]


def test_a_range_of_lines_is_written_as_the_forge_has_it() -> None:
    body = write_suggestion(LineSuggestion("prompts/a.md", 2, "x"), ":-0+0")
    assert "```suggestion:-0+0\n" in body
