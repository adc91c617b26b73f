"""Which messages of a conversation a prompt is given. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptops.runtime.conversation.entries import ConversationEvent


def take_newest(
    rows: Iterable[ConversationEvent], tokens: int
) -> tuple[list[ConversationEvent], bool]:
    """Take rows, given from the newest on, as long as they fit; the oldest first.

    Returns them, and whether there is one that does not fit. The newest message is always taken:
    a prompt that is given nothing would answer nothing.
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
    """Return the rows from the first thing that a user says.

    An answer whose question was cut off, or the result of a tool whose call was, is refused by
    providers.
    """
    for index, row in enumerate(rows):
        if row.role == "user":
            return list(rows[index:])
    return []
