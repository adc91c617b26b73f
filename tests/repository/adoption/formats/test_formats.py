"""The name of a file says who reads it; of several readers, the first that can."""

from __future__ import annotations

import json

import pytest

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats import read


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("a.prompt.md", "Hi", "VS Code prompt"),
        ("a.md", "Hi", "Markdown"),
        ("A.PROMPT", "Hi", "Dotprompt"),
        ("a.prompty", "Hi", "Prompty"),
        ("a.prompt.yaml", "messages: [{content: Hi}]", "GitHub Models"),
        ("a.json", json.dumps({"name": "n", "prompt": "Hi"}), "Langfuse"),
        ("a.json", json.dumps({"template": "Hi"}), "LangChain"),
    ],
)
def test_the_longest_ending_decides(path: str, text: str, kind: str) -> None:
    (draft,) = read(path, text)
    assert draft.kind == kind


def test_what_nobody_can_read_says_what_each_misses() -> None:
    with pytest.raises(UnreadableError) as caught:
        read("a.json", "{}")
    assert [one.partition(":")[0] for one in str(caught.value).split("; ")] == [
        "it is not a request",
        "it is not an export of Langfuse",
        "it is not a prompt of LangChain",
    ]
    with pytest.raises(UnreadableError, match=r"its name ends in none of \.prompt\.md, "):
        read("a.docx", "Hi")
