"""Tokens of a body, each with its exact place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.prompt.template import Token, scan_includes, tokenize
from tests.prompt.template.pieces import PIECES, read


@pytest.mark.slow
@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("{}%#-+ \n'\"\\ab1.|()[]~é,:=")))
def test_any_text_can_be_read(body: str) -> None:
    read(body)
    tokenize(body)
    scan_includes("include" + body)


def test_tokens_have_exact_places() -> None:
    assert tokenize("é {{ x }}\n  {%- if y %}", first_line=3)[:4] == [
        Token(3, 1, "data", "é "),
        Token(3, 3, "variable_begin", "{{"),
        Token(3, 5, "whitespace", " "),
        Token(3, 6, "name", "x"),
    ]
    assert Token(4, 3, "block_begin", "{%-") in tokenize("\n\n\n  {%- if y %}", first_line=1)


@pytest.mark.story
@settings(deadline=None)
@given(pieces=PIECES)
def test_every_token_stands_where_it_says(pieces: list[str]) -> None:
    body = "".join(pieces).replace("\r\n", "\n")
    lines = body.split("\n")
    for token in tokenize(body):
        rest = "\n".join([lines[token.line - 1][token.column - 1 :], *lines[token.line :]])
        assert rest.startswith(token.text)
