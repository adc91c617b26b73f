"""Conversations as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import ConfigurationError
from promptops.runtime.conversation.bodies import seal_body
from promptops.runtime.conversation.documents import describe_conversation
from promptops.runtime.conversation.entries import ConversationBounds, ConversationEntry
from promptops.runtime.conversation.opening import open_conversations
from tests.runtime.conversation.pieces import ANN, WIDE
from tests.runtime.log.pieces import START, make_keyring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.conversation.entries import ConversationStore

KEYS = make_keyring(b"a")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[ConversationStore]:
    """A question, an answer and a summary of both, encrypted."""
    store = open_conversations(str(tmp_path / "conversations.db"))
    entries = [
        ConversationEntry("message", seal_body({"content": "Why?"}, KEYS), "user", 5, "ann"),
        ConversationEntry(
            "message", seal_body({"content": "So."}, KEYS), "assistant", 7, "a@1.0.0"
        ),
        ConversationEntry("summary", seal_body("They met.", KEYS), covers=1),
    ]
    bounds = ConversationBounds(60, WIDE.bytes)
    store.append("c", entries, owner=ANN, bounds=bounds, now=START)
    yield store
    store.close()


def describe(store: ConversationStore, now: float = START, **options: Any) -> dict[str, Any]:
    head = store.find("c")
    assert head is not None
    return describe_conversation(store, head, **{"keyring": KEYS, "now": now, **options})


def test_a_conversation_is_shown_with_its_owner_and_what_was_said(kept: ConversationStore) -> None:
    document = describe(kept)
    assert (document["user"], document["tenant"]) == ("ann", "acme")
    assert document["created_at"] == document["changed_at"]
    assert [row["content"] for row in document["rows"]] == [
        {"content": "Why?"},
        {"content": "So."},
        "They met.",
    ]
    assert [(row["role"], row["by"], row["covers"]) for row in document["rows"]] == [
        ("user", "ann", None),
        ("assistant", "a@1.0.0", None),
        (None, None, 1),
    ]


def test_what_expired_or_was_erased_leaves_its_row(kept: ConversationStore) -> None:
    expired = describe(kept, START + 60)
    assert [row["content"] for row in expired["rows"]] == [None] * 3
    kept.erase("c", by="jo", now=START + 9)
    erased = describe(kept, START + 9)
    assert [(row["kind"], row["content"]) for row in erased["rows"]] == [
        ("message", None),
        ("message", None),
        ("summary", None),
        ("erased", None),
    ]


def test_without_contents_no_key_is_needed(kept: ConversationStore) -> None:
    bare = describe(kept, keyring=None, with_content=False)
    assert not any("content" in row for row in bare["rows"])
    with pytest.raises(ConfigurationError, match="no key is configured"):
        describe(kept, keyring=None)
