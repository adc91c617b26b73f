"""Exports of Langfuse are adopted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import DraftMessage, UnreadableError
from promptops.repository.adoption.formats.langfuse import read
from tests.repository.adoption.pieces import (
    SYSTEM,
    USER,
    adopt,
    differences,
    messages,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_langfuse(repo: Repo) -> None:
    row = {
        "name": "movie/critic",
        "type": "chat",
        "prompt": [
            {"role": "system", "content": "You are {{ who }}"},
            {"type": "placeholder", "name": "past"},
            {"role": "user", "content": "{{q}} {{#a}}"},
        ],
        "config": {"model": "gpt-4o", "temperature": 0.1},
    }
    plan = adopt(repo, "lf.json", json.dumps([row]))
    past = [{"role": "user", "content": "before"}]
    assert messages(repo, "movie/critic", who="W", q="Q", past=past) == [
        (SYSTEM, "You are W"),
        (USER, "before"),
        (USER, "Q {{#a}}"),
    ]
    assert masked(differences(plan)) == snapshot(
        ["{{#a}} is more than a name and was left as text"]
    )
    assert (repo.path / "lf.json").exists()


def export(*prompts: Any, **more: Any) -> str:
    rows = [{"name": f"p{number}", "prompt": one, **more} for number, one in enumerate(prompts)]
    return json.dumps({"data": rows})


def test_an_export_of_a_page_holds_several_prompts() -> None:
    one, other = read("a.json", export("Hi {{ a }}", [{"role": "developer", "content": "D"}]))
    assert one.messages == (DraftMessage(None, "Hi {{ a }}"),)
    assert other.messages == (DraftMessage("system", "D"),)
    assert [note.message for note in other.notes if note.is_lost] == [
        "the role 'developer' becomes system"
    ]


@pytest.mark.parametrize(
    ("model", "name", "is_told"),
    [("gpt-4o", "openai/gpt-4o", True), ("azure/x", "azure/x", False)],
)
def test_a_model_without_a_provider_is_taken_for_openais(
    model: str, name: str, is_told: bool
) -> None:
    (draft,) = read("a.json", export("x", config={"model": model, "seed": 1}, labels=["live"]))
    assert draft.settings == {"model": name, "seed": 1}
    told = [note.message for note in draft.notes]
    assert any("was taken to be openai" in one for one in told) == is_told
    assert "the labels ['live'] are not carried over: promote it" in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is not JSON"),
        ("[]", "no name and prompt"),
        ('[{"name": "a"}]', "no name and prompt"),
        ("[3]", "no name and prompt"),
        (export(["x"]), "a message is not an object"),
    ],
)
def test_what_is_no_export_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read("a.json", text)
