"""Prompts in Python code are found and adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.python import Sighting, read, sight
from tests.repository.adoption.pieces import (
    CODE,
    USER,
    adopt,
    differences,
    messages,
    notes,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_constants_of_code(repo: Repo) -> None:
    plan = adopt(repo, "src/app.py", CODE)
    assert [one["name"] for one in plan["prompts"]] == ["app/system_prompt", "app/text"]
    assert messages(repo, "app/system_prompt", product="P") == [
        (USER, "You are a helper for P that answers with {}.\nBe brief.")
    ]
    sent = messages(repo, "app/text", value1="N", user="U")
    assert sent == [(USER, "Translate this text for N into U: {braces}")]
    assert "user.name became the input 'value1'" in notes(plan)


RETURNED = """\
def translate(text, language):
    if not text:
        return ""
    try:
        return f"Translate the text below to {language}. Keep names.\\n\\n{text}"
    except KeyError:
        return "something that nobody would send to a model"


async def build_greeting_prompt():
    def inner():
        return "an answer of another function, not of this one"

    return "Say hello to the customer, in one line."


def describe_prompt():
    return "the prompt has no eval suite and no owner"
"""


def test_texts_that_functions_return(repo: Repo) -> None:
    plan = adopt(repo, "app.py", RETURNED)
    assert [one["name"] for one in plan["prompts"]] == [
        "app/translate",
        "app/build_greeting_prompt",
    ]
    assert messages(repo, "app/translate", language="French", text="Yes.") == [
        (USER, "Translate the text below to French. Keep names.\n\nYes.")
    ]


def test_what_python_formats_is_said(repo: Repo) -> None:
    code = 'TEXT_PROMPT = f"You are asked to pay {price:.2f} for {what!r} by tomorrow"\n'
    plan = adopt(repo, "src/shop.py", code)
    assert masked(differences(plan)) == snapshot(
        [
            "{price:.2f} is formatted there; pass the text",
            "{what!r} is formatted there; pass the text",
        ]
    )


SIGHTED = '''\
"""You are documentation, and nobody should take you for a prompt."""
client.chat.completions.create(messages=[])
complete("You are a helper that knows everything.")
ask(system_prompt="a text of just six words", other="a text of just six words")
x = {"instructions": "a text of just six words"}
self.persona = "a text of just six words"
SYSTEM_PROMPT = "too short"
models.generate_content("x")
'''


def test_prompts_and_calls_are_sighted_in_order() -> None:
    text = "a text of just six words"
    assert list(sight(SIGHTED)) == [
        Sighting(2, "call", "client.chat.completions.create", ""),
        Sighting(3, "text", "", "You are a helper that knows everything."),
        Sighting(4, "text", "system_prompt", text),
        Sighting(5, "text", "instructions", text),
        Sighting(6, "text", "persona", text),
        Sighting(8, "call", "models.generate_content", ""),
    ]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def (", "it is not Python"),
        ("x = '\0'", "it is not Python"),
        ("x = 'a text of just six words'", "no constant in it looks like a prompt"),
        ("PROMPT = 'a text of only five'", "no constant in it looks like a prompt"),
        ("PROMPT = 3", "no constant in it looks like a prompt"),
    ],
)
def test_code_without_prompts_is_refused(code: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read("a.py", code)
