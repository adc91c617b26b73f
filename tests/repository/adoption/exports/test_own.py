"""Our own JSON, and what it cannot hold."""

from __future__ import annotations

import re

import pytest

from promptops.repository.adoption.exports import write
from promptops.repository.adoption.exports.parts import UnexportableError
from tests.repository.adoption.exports.pieces import INPUTS_WITH_HISTORY, load


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{% for i in items %}{% user %}x{% enduser %}{% endfor %}", "`user` in a block"),
    ],
)
def test_messages_in_a_loop_are_refused(body: str, why: str) -> None:
    with pytest.raises(UnexportableError, match=re.escape(why)):
        write(load(body, inputs=INPUTS_WITH_HISTORY), "json")
