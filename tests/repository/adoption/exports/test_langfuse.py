"""The arguments of Langfuse, whose only tags are names."""

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
        ("a\n{% if vip %}x{% endif %}", "a.md, line 9: `if vip` is more than Langfuse"),
        ("{% raw %}{{ x }}{% endraw %}", "as text would be filled in"),
    ],
)
def test_more_than_names_is_refused(body: str, why: str) -> None:
    with pytest.raises(UnexportableError, match=re.escape(why)):
        write(load(body, inputs=INPUTS_WITH_HISTORY), "langfuse")


def test_a_chat_has_places_for_passed_in_messages() -> None:
    body = "{% system %}Be nice to {{ name }}.{% endsystem %}\n{% history %}"
    prompt = load(body, inputs=INPUTS_WITH_HISTORY, temperature="0.2", tags="[a]")
    export = write(prompt, "langfuse")
    row = json.loads(export.text)
    assert (row["type"], row["prompt"]) == (
        "chat",
        [
            {"role": "system", "content": "Be nice to {{name}}."},
            {"type": "placeholder", "name": "history"},
        ],
    )
    assert row["config"] == {"model": "openai/gpt-4o-mini", "temperature": 0.2}
    assert row["commitMessage"] == "a 1.0.0: Answer a question."
    # Only a text and a plain list of messages mean the same there.
    assert [note.split("'")[1] for note in export.notes] == ["vip", "items"]


def test_one_text_is_a_text_prompt() -> None:
    row = json.loads(write(load("Hi {{ name }}"), "langfuse").text)
    assert (row["type"], row["prompt"]) == ("text", "Hi {{name}}")
