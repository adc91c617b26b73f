"""Prompty is written with role lines."""

from __future__ import annotations

import re

import pytest

from promptops.repository.adoption.exports import write
from promptops.repository.adoption.exports.parts import UnexportableError
from tests.repository.adoption.exports.pieces import INPUTS_WITH_HISTORY, load


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("a\n\nuser:\nb", "the line `user:` opens a message"),
        ("{% history %}{% user %}x{% enduser %}", "no counterpart in Prompty"),
    ],
)
def test_what_prompty_cannot_say_is_named(body: str, why: str) -> None:
    with pytest.raises(UnexportableError, match=re.escape(why)):
        write(load(body, inputs=INPUTS_WITH_HISTORY), "prompty")
