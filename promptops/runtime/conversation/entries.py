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
    """A row to append.

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
        number: the row's number, from 1, in the order of events.
        at: the time, in seconds since 1970.
        kind: one of KINDS.
        role: the role of a message.
        tokens: its approximate number of tokens.
        size: the size of its body, in bytes.
        by: the person or prompt that did or said it.
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
    """The owner of a conversation: a user and a tenant. Others have no access."""

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
        number: the number of the expected last row.
        summary: the number of the expected newest summary's row; 0 without one.
    """

    number: int | None = None
    summary: int | None = None


class Tail(NamedTuple):
    """The end of a conversation.

    Attributes:
        number: the number of its last row; 0 if empty.
        messages: the newest messages after the summary that fit, oldest first.
        is_cut: whether some messages do not fit.
        summary: the newest summary, or None.
        hand_over: the newest hand-over, or None.
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
    """The interface of conversation stores. Calls are atomic and safe in any thread or process."""

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
        """Append entries atomically; return the last row's number, or None if `expected` differs.

        Raises:
            RefusedError: it belongs to another owner.
            LogError: the store is unusable.
        """
        ...

    def tail(self, conversation: str, *, owner: Owner, tokens: int, now: float) -> Tail:
        """Return the newest messages that fit into `tokens`. Raises RefusedError as `append`."""
        ...

    def between(
        self, conversation: str, after: int, before: int, *, limit: int
    ) -> Sequence[ConversationEvent]:
        """Return the newest `limit` messages between two rows (exclusive), oldest first."""
        ...

    def rows(self, conversation: str, *, limit: int = 1000) -> Sequence[ConversationEvent]:
        """Return a conversation's rows, oldest first, without bodies."""
        ...

    def find(self, conversation: str) -> ConversationHead | None:
        """Return one conversation, or None."""
        ...

    def contents(self, conversation: str, *, now: float) -> Sequence[ConversationEvent]:
        """Return the rows that still have contents, oldest first, for any owner."""
        ...

    def list(self, *, user: str | None = None, limit: int = 50) -> Sequence[ConversationHead]:
        """Return conversations, most recently changed first."""
        ...

    def expire(self, now: float) -> int:
        """Delete the contents of expired conversations; return their number."""
        ...

    def reseal(self, change: Callable[[bytes], bytes | None]) -> int:
        """Replace the contents of all rows; return the number of changed rows.

        Contents that are deleted or written meanwhile are not changed. Recorded sizes stay.

        Args:
            change: returns a row's new content; None: no change.
        """
        ...

    def erase(self, conversation: str, *, by: str, now: float) -> bool:
        """Delete the contents of a conversation; return whether it exists."""
        ...

    def erase_user(self, user: str, mark: str, *, by: str, now: float) -> Sequence[str]:
        """Delete the contents of a user's conversations, and replace the user's name by `mark`.

        Return the conversations' ids.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
