"""Conversations as JSON values: what happened, and what is still there of what was said."""

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
# A conversation's rows stay when what they said goes; far fewer are kept in practice.
_MAX_ROWS = 1_000_000


def describe_head(head: ConversationHead) -> dict[str, Any]:
    """Return whose a conversation is, and when it was begun and changed."""
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
        store: where it is.
        head: which one.
        keyring: decrypts what it says; None: it is not encrypted.
        now: seconds since 1970; what expired by then is left out.
        with_content: whether to return what was said.

    Raises:
        ConfigurationError: it is encrypted, and its key is not there.
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
        # None: it expired, was dropped or erased, or says nothing, as an expiry.
        told["content"] = contents.get(row.number)
    return told
