"""The data model of conversation stores: numbered rows and the tail.

A conversation is a sequence of rows, one for each event. A row's body is deleted when the
conversation expires, grows too large, or is erased. The row itself stays as a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MESSAGE = "message"
SUMMARY = "summary"
HAND_OVER = "hand_over"
EXPIRED = "expired"
DROPPED = "dropped"
ERASED = "erased"
KINDS = (MESSAGE, SUMMARY, HAND_OVER, EXPIRED, DROPPED, ERASED)


class ConversationEntry(NamedTuple):
    """Something to append.

    Attributes:
        kind: MESSAGE, SUMMARY or HAND_OVER.
        body: the stored content, packed.
        role: the role of a message.
        tokens: its approximate number of tokens.
        by: the speaker: a user, or a prompt with its version.
        covers: of a summary: the number of the last summarized row.
    """

    kind: str
    body: bytes
    role: str = ""
    tokens: int = 0
    by: str = ""
    covers: int = 0


class ConversationEvent(NamedTuple):
    """One event of a conversation.

    Attributes:
        number: from 1, in the order in which it happened.
        at: when, in seconds since 1970.
        kind: one of KINDS.
        role: the role of a message.
        tokens: its approximate number of tokens.
        size: the size of its body, in bytes.
        by: who did or said it.
        covers: of a summary, the number of the last summarized row; of DROPPED, of the last dropped
            row.
        body: the stored content, packed; None if deleted.
    """

    number: int
    at: float
    kind: str
    role: str = ""
    tokens: int = 0
    size: int = 0
    by: str = ""
    covers: int = 0
    body: bytes | None = None


class Owner(NamedTuple):
    """The owner of a conversation. Others have no access."""

    user: str | None = None
    tenant: str | None = None


class ConversationBounds(NamedTuple):
    """The maximum age and size of a conversation.

    Attributes:
        ttl_seconds: how long it is kept after its last message; None: for ever.
        bytes: the maximum total size of its messages.
    """

    ttl_seconds: float | None
    bytes: int


class ExpectedTail(NamedTuple):
    """The state that an append expects; None: any.

    Attributes:
        number: the expected last row.
        summary: the expected row of the newest summary; 0: there is none.
    """

    number: int | None = None
    summary: int | None = None


class Tail(NamedTuple):
    """The end of a conversation.

    Attributes:
        number: the number of its last row; 0 if empty.
        messages: the messages after the summary that fit, oldest first.
        is_cut: whether there are more than fit.
        summary: the newest summary; None: there is none.
        hand_over: the newest hand-over; None: there is none.
    """

    number: int = 0
    messages: tuple[ConversationEvent, ...] = ()
    is_cut: bool = False
    summary: ConversationEvent | None = None
    hand_over: ConversationEvent | None = None


class ConversationHead(NamedTuple):
    """A conversation in a list.

    Attributes:
        id: its id.
        user: its user; a mark after an erasure.
        tenant: the tenant.
        created_at: when it began, in seconds since 1970.
        rows: the number of rows.
        at: the time of its last event, in seconds since 1970.
    """

    id: str
    user: str | None
    tenant: str | None
    created_at: float
    rows: int
    at: float


class ConversationStore(Protocol):
    """The interface of conversation stores. Every call is atomic and may come from any thread or
    process.
    """

    def append(
        self,
        conversation: str,
        entries: Sequence[ConversationEntry],
        *,
        owner: Owner,
        bounds: ConversationBounds,
        now: float,
        expected: ExpectedTail = ...,
    ) -> int | None:
        """Append entries in one step; return the number of the last, None if not as `expected`.

        Raises:
            RefusedError: it belongs to another owner.
            LogError: the store is unusable.
        """
        ...

    def tail(self, conversation: str, *, owner: Owner, tokens: int, now: float) -> Tail:
        """Return the newest messages of at most so many tokens; RefusedError as `append`."""
        ...

    def between(
        self, conversation: str, after: int, before: int, *, limit: int
    ) -> Sequence[ConversationEvent]:
        """Return the newest `limit` messages between two rows, the oldest first."""
        ...

    def rows(self, conversation: str, *, limit: int = 1000) -> Sequence[ConversationEvent]:
        """Return a conversation's rows, oldest first, without bodies."""
        ...

    def find(self, conversation: str) -> ConversationHead | None:
        """Return one conversation; None: it is unknown."""
        ...

    def contents(self, conversation: str, *, now: float) -> Sequence[ConversationEvent]:
        """Return the rows whose contents are still there, oldest first, of any owner."""
        ...

    def list(self, *, user: str | None = None, limit: int = 50) -> Sequence[ConversationHead]:
        """Return conversations, the most recently changed ones first."""
        ...

    def expire(self, now: float) -> int:
        """Delete the contents of expired conversations; return their number."""
        ...

    def reseal(self, change: Callable[[bytes], bytes | None]) -> int:
        """Replace the contents of all rows; return how many were changed.

        What is removed or written meanwhile stays as it is. Sizes count as when they were written.

        Args:
            change: returns the new content of a row; None: the same.
        """
        ...

    def erase(self, conversation: str, *, by: str, now: float) -> bool:
        """Delete the contents of a conversation; return whether it exists."""
        ...

    def erase_user(self, user: str, mark: str, *, by: str, now: float) -> Sequence[str]:
        """Delete the contents of a user's conversations, and replace the user by a mark."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
