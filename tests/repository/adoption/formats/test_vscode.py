"""Prompt files of VS Code are adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.vscode import read
from tests.repository.adoption.pieces import (
    USER,
    adopt,
    differences,
    messages,
)

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_vscode(repo: Repo) -> None:
    text = "---\nmode: agent\n---\nTest ${input:module:a module} in ${file}. See #file:README.md\n"
    plan = adopt(repo, ".github/prompts/tests.prompt.md", text)
    assert messages(repo, "tests", module="M", file="F") == [
        (USER, "Test M in F. See #file:README.md")
    ]
    assert differences(plan) == ["#file:README.md is text here: the file is not read"]


def test_a_variable_is_an_input_and_the_editor_s_own_are_named_once() -> None:
    text = (
        "---\nmodel: x\n---\n\n\n${input:name} ${input:kind:the kind} ${file}\n${file} [a](b.md)\n"
    )
    (draft,) = read("a.prompt.md", text)
    assert draft.messages[0].body == "{{ name }} {{ kind }} {{ file }}\n{{ file }} [a](b.md)\n"
    kind = {"type": "string", "description": "the kind"}
    assert draft.inputs == {"name": "string", "kind": kind, "file": "string"}
    assert [(note.message, note.line, note.is_lost) for note in draft.notes] == [
        ("${file} came from the editor; pass it as an input", 6, False),
        ("[a](b.md) is text here: the file is not read", 7, True),
        ("'model' is not carried over: it is for the editor", None, False),
    ]


def test_a_file_without_a_text_is_refused() -> None:
    with pytest.raises(UnreadableError, match="it has no text"):
        read("a.prompt.md", "---\nmode: agent\n---\n \n")
