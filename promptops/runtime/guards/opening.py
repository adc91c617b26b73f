"""Open the ledger of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.stores.addresses import REDIS, SQLITE, find_kind, read_path

if TYPE_CHECKING:
    from promptops.runtime.ledger import Ledger


def open_ledger(url: str, *, create: bool = True) -> Ledger:
    """Return the ledger at a path or URL; its first call connects.

    Args:
        url: as `find_store` returns it.
        create: whether to create a missing file.

    Raises:
        UsageError: it is not a supported URL.
    """
    kind = find_kind(url, "the ledger")
    if kind == SQLITE:
        from promptops.runtime.guards.sqlite import SqliteLedger

        path = read_path(url)
        return SqliteLedger(path) if create or path.exists() else MemoryLedger()
    if kind == REDIS:
        from promptops.runtime.guards.redis import RedisLedger

        return RedisLedger(url)
    from promptops.runtime.guards.postgres import PostgresLedger

    return PostgresLedger(url)
