"""Where conversations can be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptops.errors import ConfigurationError, UsageError
from promptops.repository.repository import open_repository
from promptops.runtime.conversation.opening import Conversations, open_conversations
from tests.runtime.conversation.pieces import ANN

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.registry import Registry


def test_other_places_are_refused() -> None:
    with pytest.raises(UsageError, match="'mysql' is not a supported store for conversations"):
        open_conversations("mysql://host/db")


def test_conversations_of_one_place_share_a_store(registry: Registry, tmp_path: Path) -> None:
    config = open_repository(registry.source).config
    conversations = Conversations(registry, open_repository(registry.source), config)
    settings = conversations.settings
    one = conversations.open("c", ANN, settings)
    one.add("user", "hello")
    other = replace(settings, store=str(tmp_path / "other.db"))
    assert conversations.open("c", ANN, settings).history()
    assert conversations.open("c", ANN, other).history() == []
    assert (tmp_path / "other.db").is_file()
    conversations.close()
    # A closed store is opened again.
    assert conversations.open("c", ANN, settings).history()
    conversations.close()


def test_a_key_that_is_not_set_is_an_error_before_anything_is_read(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TALK_KEY", raising=False)
    conversations = Conversations(registry, None, open_repository(registry.source).config)
    settings = replace(conversations.settings, encryption_key="TALK_KEY")
    with pytest.raises(ConfigurationError, match="TALK_KEY contains no key for the store of conv"):
        conversations.open("c", ANN, settings)
