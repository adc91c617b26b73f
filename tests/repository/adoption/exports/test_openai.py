"""The body of a request to OpenAI."""

from __future__ import annotations

import json
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


def test_the_request_has_parameters_and_places_for_values() -> None:
    export = write(
        load("Hi {{ name }}", temperature="0.2", parameters="{logprobs: true}"), "openai"
    )
    assert json.loads(export.text) == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "Hi {{name}}"}],
        "temperature": 0.2,
        "logprobs": True,
    }
    # The input that is a plain text needs no schema.
    assert [note.split("'")[1] for note in export.notes] == ["vip", "items"]


def test_a_model_of_somebody_else_is_named() -> None:
    export = write(load("Hi", model="anthropic/claude", inputs="{}"), "openai")
    assert export.notes == ("the model anthropic/claude is not one of OpenAI's",)
