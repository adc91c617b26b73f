"""Stores of conversations, each that can be started, and a team whose prompts converse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.runtime.conversation.opening import open_conversations
from tests.runtime.conversation.pieces import AGENT, CHAT, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.conversation.entries import ConversationStore
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where conversations of their own can be."""
    if request.param == "sqlite":
        return str(tmp_path / "state" / "conversations.db")
    fixture = {"redis": "empty_redis", "postgres": "empty_postgres"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def store(place: str) -> Iterator[ConversationStore]:
    opened = open_conversations(place)
    yield opened
    opened.close()


@pytest.fixture
def team(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    repo.write("prompts/chat.md", CHAT)
    repo.write("prompts/agent.md", AGENT)
    repo.write("prompts/summary.md", SUMMARY)
    repo.write("summary.yaml", "rules: [{answers: [first summary, second summary, third summary]}]")
    return repo


@pytest.fixture
def registry(team: Repo) -> Iterator[Registry]:
    with promptops.open(team.path) as opened:
        yield opened
