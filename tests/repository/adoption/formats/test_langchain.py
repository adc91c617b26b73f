"""Prompts that LangChain serialised are adopted, in its three template languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import DraftMessage, UnreadableError
from promptops.repository.adoption.formats.langchain import read
from tests.repository.adoption.pieces import (
    adopt,
    differences,
    messages,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_langchain(repo: Repo) -> None:
    def template(text: str, form: str) -> dict[str, Any]:
        prompt = {"id": ["PromptTemplate"], "kwargs": {"template": text, "template_format": form}}
        return {"id": ["x", "HumanMessagePromptTemplate"], "kwargs": {"prompt": prompt}}

    rows = [
        {"id": ["x", "SystemMessage"], "kwargs": {"content": "Hi {x} {{y}}"}},
        template("{a} {{b}}", "f-string"),
        template("{{a}} {b}", "mustache"),
        template("{% if a %}\n{{ a }}{% endif %}", "jinja2"),
        {"id": ["x", "AIMessage"], "kwargs": {"content": "Yes."}},
    ]
    plan = adopt(repo, "lc.json", json.dumps({"kwargs": {"messages": rows}}))
    assert [text for _, text in messages(repo, "lc", a="A")] == [
        *("Hi {x} {{y}}", "A {b}", "A {b}", "A", "Yes."),
    ]
    assert masked(differences(plan)) == snapshot(
        ["{{name}} wrote `<` and `&` as HTML does; here values stay"]
    )


def serialised(*messages: dict[str, Any]) -> str:
    return json.dumps({"kwargs": {"messages": list(messages)}})


def human(template: str, form: str = "f-string") -> dict[str, Any]:
    prompt = {"kwargs": {"template": template, "template_format": form}}
    return {"id": ["HumanMessagePromptTemplate"], "kwargs": {"prompt": prompt}}


def test_the_older_form_is_one_text_with_values_filled_in_before() -> None:
    text = json.dumps({"_type": "prompt", "template": "{a} {b}", "partial_variables": {"b": 1}})
    (draft,) = read("a.json", text)
    assert draft.messages == (DraftMessage(None, "{{ a }} {{ b }}"),)
    assert draft.inputs == {"a": "string", "b": {"type": "string", "default": "1"}}


def test_a_placeholder_is_passed_in_messages() -> None:
    row = {"id": ["x", "MessagesPlaceholder"], "kwargs": {"variable_name": "past"}}
    (draft,) = read("a.json", serialised(row, human("{a}")))
    assert draft.messages == (DraftMessage("history", "past"), DraftMessage("user", "{{ a }}"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is not JSON"),
        ("[]", "no messages and no template"),
        (serialised({"id": ["ToolMessage"]}), "a message of the kind 'ToolMessage'"),
        (serialised({"id": ["AIMessage"], "kwargs": {"content": []}}), "more than text"),
        (serialised(human("{a.b}")), "its f-string contains more than names"),
        (serialised(human("{{#a}}x{{/a}}", "mustache")), "tags of Mustache"),
        (serialised(human("{{{ a.b }}}", "mustache")), "tags of Mustache"),
    ],
)
def test_what_has_no_counterpart_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read("a.json", text)
