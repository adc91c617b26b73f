"""Open the store of conversations."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from promptops.runtime.conversation.conversation import Conversation, ConversationTools
from promptops.runtime.conversation.entries import ConversationBounds
from promptops.runtime.log.encryption import read_keys
from promptops.runtime.stores.addresses import REDIS, SQLITE, find_kind, find_store, read_path

if TYPE_CHECKING:
    from promptops.repository.config import Config
    from promptops.repository.repository import Repository
    from promptops.repository.settings.conversations import ConversationSettings
    from promptops.runtime.conversation.entries import ConversationStore, Owner
    from promptops.runtime.registry import Registry


def open_conversations(url: str) -> ConversationStore:
    """Return the store at a path or URL. Raises UsageError for an unsupported one."""
    kind = find_kind(url, "conversations")
    if kind == SQLITE:
        from promptops.runtime.conversation.sql import open_sqlite_store

        return open_sqlite_store(str(read_path(url)))
    if kind == REDIS:
        from promptops.runtime.conversation.redis import RedisStore

        return RedisStore(url)
    from promptops.runtime.conversation.sql import open_postgres_store

    return open_postgres_store(url)


class Conversations:
    """The conversations of one registry; stores are opened on first use."""

    def __init__(self, registry: Registry, repository: Repository | None, config: Config) -> None:
        """Store the registry, the local repository if any, and the configuration."""
        self._registry = registry
        self._repository = repository
        self._config = config
        self._lock = threading.Lock()
        self._stores: dict[str, ConversationStore] = {}

    @property
    def settings(self) -> ConversationSettings:
        """The table `[conversations]`."""
        return self._config.conversations

    def open(self, conversation: str, owner: Owner, settings: ConversationSettings) -> Conversation:
        """Return one conversation.

        Args:
            conversation: its id.
            owner: its owner.
            settings: its settings.
        """
        variable = settings.encryption_key
        keyring = None
        if variable is not None:
            keyring = read_keys(
                variable, os.environ.get(variable), os.urandom, "the store of conversations"
            )
        ways = ConversationTools(
            self._registry,
            self._store(settings),
            ConversationBounds(settings.ttl_seconds, settings.kilobytes * 1024),
            settings.tokens,
            settings.summary,
            keyring,
            time.time,
        )
        return Conversation(conversation, owner, ways)

    def _store(self, settings: ConversationSettings) -> ConversationStore:
        repository = self._repository
        place = find_store(
            settings.place,
            self._config.log,
            os.environ,
            common_dir=None if repository is None else repository.git.common_dir,
            top=None if repository is None else repository.git.work_tree,
        )
        with self._lock:
            found = self._stores.get(place)
            if found is None:
                found = self._stores[place] = open_conversations(place)
            return found

    def close(self) -> None:
        """Close the stores."""
        with self._lock:
            while self._stores:
                self._stores.popitem()[1].close()
