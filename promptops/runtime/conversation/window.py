"""Choose the messages of a conversation that a prompt gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.runtime.conversation.entries import ConversationEvent


def take_newest(
    rows: Iterable[ConversationEvent], tokens: int
) -> tuple[list[ConversationEvent], bool]:
    """Take rows, newest first, as long as they fit; return them oldest first.

    Also return whether some did not fit. The newest message is always taken.
    """
    taken: list[ConversationEvent] = []
    used = 0
    for row in rows:
        used += row.tokens
        if used > tokens and taken:
            return taken[::-1], True
        taken.append(row)
    return taken[::-1], False


def begin_with_user(rows: Sequence[ConversationEvent]) -> list[ConversationEvent]:
    """Return the rows from the first user message on.

    Providers refuse an answer without its question, or a tool result without its call.
    """
    for index, row in enumerate(rows):
        if row.role == "user":
            return list(rows[index:])
    return []
