"""Prompty is written with role lines."""

from __future__ import annotations

import re

import pytest
import yaml

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


def test_prompty_has_its_own_names_for_settings_and_inputs() -> None:
    inputs = "{name: string, age: {type: number, minimum: 1}, tone: {type: string, default: kind}}"
    prompt = load(
        "{% system %}S{% endsystem %}\n{% user %}{% raw %}{{ {% endraw %}{{ name }}{% enduser %}",
        inputs=inputs,
        max_tokens="9",
        tags="[a]",
        parameters="{topK: 4}",
    )
    export = write(prompt, "prompty")
    _, head, body = export.text.split("---\n")
    header = yaml.safe_load(head)
    assert header["model"] == {
        "id": "gpt-4o-mini",
        "provider": "openai",
        "apiType": "chat",
        "options": {"maxOutputTokens": 9, "additionalProperties": {"topK": 4}},
    }
    assert header["inputs"] == [
        {"name": "name", "kind": "string", "required": True},
        {"name": "age", "kind": "float", "required": True},
        {"name": "tone", "kind": "string", "default": "kind"},
    ]
    assert header["metadata"] == {"tags": ["a"]}
    assert body == 'system:\nS\n\nuser:\n{{ "{" }}{ {{ name }}\n'
    assert export.notes == ("the input 'age': minimum is not carried over",)
