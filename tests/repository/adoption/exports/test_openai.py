"""The body of a request to OpenAI."""

from __future__ import annotations

import re

import pytest

from promptops.repository.adoption.exports import write
from promptops.repository.adoption.exports.parts import UnexportableError
from tests.repository.adoption.exports.pieces import INPUTS_WITH_HISTORY, load


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{% history %}{% user %}x{% enduser %}", "have no place in a request"),
    ],
)
def test_passed_in_messages_are_refused(body: str, why: str) -> None:
    with pytest.raises(UnexportableError, match=re.escape(why)):
        write(load(body, inputs=INPUTS_WITH_HISTORY), "openai")
