"""Our own export and the bodies of requests, read again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promptops.repository.adoption.draft import DraftMessage, UnreadableError
from promptops.repository.adoption.exports import write
from promptops.repository.adoption.formats.requests import read
from tests.repository.adoption.exports.pieces import load


def test_our_own_export_keeps_messages_inputs_and_settings() -> None:
    prompt = load("{% user %}Hi {{ name }}{% enduser %}", temperature="0.2", tags="[a]")
    (draft,) = read("a.json", write(prompt, "json").text)
    assert (draft.kind, draft.title) == ("promptops", "a")
    assert draft.messages == (DraftMessage("user", "Hi {{ name }}"),)
    assert draft.inputs == prompt.inputs
    assert (draft.settings["temperature"], draft.settings["tags"]) == (0.2, ["a"])
    assert [note.message for note in draft.notes] == [
        "it was version 1.0.0 of a, by jane@example.com"
    ]


def request(*messages: object, **more: object) -> str:
    return json.dumps({"model": "gpt-4o", "messages": list(messages), **more})


def test_the_body_of_a_request_becomes_a_prompt() -> None:
    schema = {"type": "object"}
    text = request(
        {"role": "developer", "content": "Be {{tone}}. {x}"},
        {"role": "user", "content": "{{ question }} {{tone}}"},
        max_tokens=9,
        tools=[{"type": "function"}],
        response_format={"type": "json_schema", "json_schema": {"schema": schema}},
    )
    (draft,) = read("a.json", text)
    assert draft.messages == (
        DraftMessage("system", "Be {{ tone }}. {x}"),
        DraftMessage("user", "{{ question }} {{ tone }}"),
    )
    assert draft.inputs == {"tone": "string", "question": "string"}
    assert draft.settings == {"max_tokens": 9, "model": "openai/gpt-4o", "output": schema}
    assert [note.message for note in draft.notes if note.is_lost] == [
        "the role 'developer' becomes system",
        "'tools' is not carried over",
    ]
    assert [note.message for note in draft.notes if not note.is_lost] == [
        "{{tone}} was taken for the input 'tone'",
        "{{question}} was taken for the input 'question'",
    ]


def test_a_model_that_names_its_provider_is_kept() -> None:
    (draft,) = read("a.json", request({"role": "user", "content": "Hi"}, model="azure/x"))
    assert draft.settings == {"model": "azure/x"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is not JSON"),
        ("[]", "no model and messages"),
        (json.dumps({"messages": [{"role": "user", "content": "x"}]}), "no model and messages"),
        (request(), "no model and messages"),
        (request("Hi"), "more than text"),
        (request({"role": "user", "content": [{"type": "image_url"}]}), "more than text"),
    ],
)
def test_what_is_no_request_of_texts_is_refused(text: str, why: Any) -> None:
    with pytest.raises(UnreadableError, match=why):
        read("a.json", text)
