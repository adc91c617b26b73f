"""Conversations, written through the library."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from promptops.runtime.conversation.bodies import seal_body
from promptops.runtime.conversation.entries import (
    MESSAGE,
    ConversationBounds,
    ConversationEntry,
    Owner,
)
from promptops.runtime.conversation.opening import open_conversations
from promptops.runtime.log.encryption import Keyring, read_keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


FIRST = base64.b64encode(b"1" * 32).decode()
SECOND = base64.b64encode(b"2" * 32).decode()


def keys(*texts: str) -> Keyring:
    return read_keys("TALK_KEY", ",".join(texts), lambda count: b"n" * count, "the store")


def say(
    repo: Repo,
    conversation: str,
    *texts: str,
    user: str | None = "ann",
    keyring: Keyring | None = None,
    at: float | None = None,
    ttl: float | None = None,
) -> None:
    store = open_conversations(str(place(repo)))
    entries = [
        ConversationEntry(
            MESSAGE,
            seal_body({"role": "user", "content": text}, keyring),
            "user",
            5,
            user or "app",
        )
        for text in texts
    ]
    bounds = ConversationBounds(ttl, 1_000_000)
    now = time.time() if at is None else at
    store.append(conversation, entries, owner=Owner(user, "acme"), bounds=bounds, now=now)
    store.close()


def place(repo: Repo) -> Path:
    return repo.path / "talks.db"
