"""Stores of conversations for tests: each that can be started, under the same tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.conversation.opening import open_conversations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.conversation.entries import ConversationStore


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
