"""The text of a body, and positions in it."""

from __future__ import annotations

import pytest

from promptops.prompt.finding import Position
from promptops.prompt.template.source import TemplateSource
from tests.prompt.template.pieces import text


def test_crlf_and_cr_are_lf() -> None:
    assert text("a\r\nb\rc{{ x }}", x="\r\n|") == "a\nb\nc\r\n|"


@pytest.mark.parametrize(
    ("text", "start", "end", "position"),
    [
        ("ab\ncd", 3, 5, Position(7, 1, 7, 3)),
        ("ab\ncd", 1, 4, Position(6, 2, 7, 2)),
        # The newline is the last character of its line.
        ("ab\ncd", 2, 2, Position(6, 3, 6, 3)),
        ("é\U0001f600b", 2, 3, Position(6, 3, 6, 4)),
        ("a\u2028b\nc", 4, 5, Position(7, 1, 7, 2)),
        ("\ufeffab\nc", 1, 2, Position(6, 1, 6, 2)),
        ("\ufeffab\nc", 0, 1, Position(6, 1, 6, 1)),
        ("", 0, 0, Position(6, 1, 6, 1)),
    ],
)
def test_an_offset_is_a_line_of_the_file_and_a_column(
    text: str, start: int, end: int, position: Position
) -> None:
    source = TemplateSource("a.md", text, first_line=6)
    assert source.position(start, end) == position
    assert source.place(start) == position[:2]
