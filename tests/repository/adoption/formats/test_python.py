"""Prompts in Python code are found and adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

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
