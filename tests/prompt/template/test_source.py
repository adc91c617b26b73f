"""The text of a body, and positions in it."""

from __future__ import annotations

from tests.prompt.template.pieces import text


def test_crlf_and_cr_are_lf() -> None:
    assert text("a\r\nb\rc{{ x }}", x="\r\n|") == "a\nb\nc\r\n|"
