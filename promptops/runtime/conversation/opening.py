"""Find and open the store of conversations."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import ConfigurationError, UsageError, quote
from promptops.runtime.conversation.conversation import Conversation, ConversationTools
from promptops.runtime.conversation.entries import ConversationBounds
from promptops.runtime.log.encryption import read_keys
from promptops.runtime.log.place import find_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.repository.config import Config
    from promptops.repository.repository import Repository
    from promptops.repository.settings.conversations import ConversationSettings
    from promptops.repository.settings.log import LogSettings
    from promptops.runtime.conversation.entries import ConversationStore, Owner
    from promptops.runtime.registry import Registry

_FILE = "conversations.db"


def find_conversations(
    settings: ConversationSettings,
    log: LogSettings,
    environment: Mapping[str, str],
    *,
    common_dir: Path | None,
    top: Path | None,
) -> str:
    """Return the path or URL of the store, for `open_conversations`.

    Args:
        settings: the table `[conversations]`.
        log: the table `[log]`: by default conversations are stored next to the run log, in the same
            database if that is PostgreSQL.
        environment: the environment variables, for addresses and the user's folders.
        common_dir: the git folder shared by all work trees; None without a repository.
        top: the folder to which paths in the configuration are relative: the top of the work tree.

    Raises:
        ConfigurationError: `store_variable` names a variable that is not set.
    """
    if settings.store_variable is not None:
        url = environment.get(settings.store_variable)
        if not url:
            raise ConfigurationError(
                f"conversations.store_variable is {settings.store_variable}, which is not set",
                hint="set it where promptops runs, such as to redis://:PASSWORD@HOST/0",
            )
        return url
    if settings.store is not None:
        if "://" in settings.store and not settings.store.startswith("sqlite:"):
            return settings.store
        path, base = _path(settings.store), top or common_dir
        return str(path if base is None else base / path)
    place = find_log(log, environment, common_dir=common_dir, top=top)
    if place.startswith(("postgres://", "postgresql://")):
        return place
    return str(_path(place).with_name(_FILE))


def open_conversations(url: str) -> ConversationStore:
    """Return the store at a path or URL. Raises UsageError for an unsupported one."""
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in {"", "sqlite"}:
        from promptops.runtime.conversation.sql import open_sqlite_store

        return open_sqlite_store(str(_path(url)))
    if scheme in {"redis", "rediss"}:
        from promptops.runtime.conversation.redis import RedisStore

        return RedisStore(url)
    if scheme in {"postgres", "postgresql"}:
        from promptops.runtime.conversation.sql import open_postgres_store

        return open_postgres_store(url)
    raise UsageError(
        f"{quote(scheme)} is no place for conversations",
        hint="give the path of a file, redis://HOST or postgresql://HOST/DATABASE",
    )


class Conversations:
    """The conversations of one registry; stores are opened on first use."""

    def __init__(self, registry: Registry, repository: Repository | None, config: Config) -> None:
        """Args: the registry, the local repository if any, the configuration."""
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
            owner: whose it is.
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
        place = find_conversations(
            settings,
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


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:").removeprefix("//")).expanduser()
