"""Describe conversations as JSON values: their events, and contents that still exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.runtime.conversation.bodies import open_body
from promptops.runtime.log.documents import format_instant

if TYPE_CHECKING:
    from promptops.runtime.conversation.entries import (
        ConversationEvent,
        ConversationHead,
        ConversationStore,
    )
    from promptops.runtime.log.encryption import Keyring

SCHEMA = "promptops.conversation/v1"
# The maximum number of rows to read. Rows stay when their contents are deleted.
_MAX_ROWS = 1_000_000


def describe_head(head: ConversationHead) -> dict[str, Any]:
    """Return a conversation's owner, and the times of its start and last event."""
    return {
        "id": head.id,
        "user": head.user,
        "tenant": head.tenant,
        "created_at": format_instant(head.created_at),
        "changed_at": format_instant(head.at),
        "rows": head.rows,
    }


def describe_conversation(
    store: ConversationStore,
    head: ConversationHead,
    keyring: Keyring | None,
    *,
    now: float,
    with_content: bool = True,
) -> dict[str, Any]:
    """Return a conversation with its rows, oldest first.

    Args:
        store: the store.
        head: the conversation.
        keyring: decrypts contents; None: they are not encrypted.
        now: seconds since 1970; contents that expired by then are left out.
        with_content: whether to include the contents.

    Raises:
        ConfigurationError: it is encrypted, and its key is missing.
    """
    contents: dict[int, Any] = {}
    if with_content:
        for row in store.contents(head.id, now=now):
            assert row.body is not None  # noqa: S101 - only rows that have one
            contents[row.number] = open_body(row.body, keyring)
    rows = [
        _describe_row(row, contents, with_content=with_content)
        for row in store.rows(head.id, limit=_MAX_ROWS)
    ]
    return {**describe_head(head), "rows": rows}


def _describe_row(
    row: ConversationEvent, contents: dict[int, Any], *, with_content: bool
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": row.number,
        "at": format_instant(row.at),
        "kind": row.kind,
        "role": row.role or None,
        "by": row.by or None,
        "tokens": row.tokens,
        "bytes": row.size,
        "covers": row.covers or None,
    }
    if with_content:
        # None: the content expired, was dropped or erased, or the event has none.
        told["content"] = contents.get(row.number)
    return told
