"""Adopted files send what the original packages sent, or a note says that they do not.

`originals.json` holds what those packages sent; `scripts/originals.py` writes it.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from promptops.prompt.template import CompiledTemplate
from promptops.repository.adoption import formats
from promptops.repository.adoption.draft import Draft, UnreadableError
from promptops.repository.adoption.plan import write_messages

ORIGINALS: dict[str, Any] = json.loads(
    Path(__file__).with_name("originals.json").read_text("utf-8")
)


def send(draft: Draft) -> list[list[str]]:
    body = "\n".join([*write_messages(draft), ""])
    messages = CompiledTemplate("a.md", body, {}).render({**ORIGINALS["values"], "history": []})
    return [[str(one["role"]), str(one["content"])] for one in messages]


def judge(row: dict[str, Any]) -> str:
    """What became of one file; white space at the ends of a message is never sent."""
    try:
        (draft,) = formats.read(row["path"], row["text"])
    except UnreadableError:
        return "left out"
    wanted = [[role, text.strip()] for role, text in row["messages"] if text.strip()]
    if send(draft) == wanted:
        return "same"
    return "noted" if any(note.is_lost for note in draft.notes) else "silently different"


@pytest.mark.story
def test_none_is_silently_different() -> None:
    rows = [row for row in ORIGINALS["files"] if "error" not in row]
    found = {row["path"]: judge(row) for row in rows}
    assert [path for path, what in found.items() if what == "silently different"] == []
    counts = Counter(found.values())
    assert counts["same"] >= 0.9 * len(rows) >= 180, counts
