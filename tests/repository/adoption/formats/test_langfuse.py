"""Exports of Langfuse are adopted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

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
