"""What a store keeps of a conversation: numbered rows, and where it stands.

A conversation is a row for each thing that happened to it. A row's body goes when the conversation
expires, grows too large, or is erased; the row itself stays, as the record that it was there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        body: what is kept, packed.
        role: of a message: who speaks.
        tokens: how many tokens it has, about.
        by: who said it: a user, or a prompt with its version.
        covers: of a summary: the number of the last row that it sums up.
    """

    kind: str
    body: bytes
    role: str = ""
    tokens: int = 0
    by: str = ""
    covers: int = 0


class ConversationEvent(NamedTuple):
    """Something that happened to a conversation.

    Attributes:
        number: from 1, in the order in which it happened.
        at: when, in seconds since 1970.
        kind: one of KINDS.
        role: of a message: who speaks.
        tokens: how many tokens it has, about.
        size: how many bytes its body had.
        by: who did or said it.
        covers: of a summary, the number of the last row that it sums up; of DROPPED, the last one
            that went.
        body: what is kept, packed; None where it went.
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
    """Whose conversation it is; nobody else gets it."""

    user: str | None = None
    tenant: str | None = None


class ConversationBounds(NamedTuple):
    """How long and how large a conversation may be.

    Attributes:
        ttl_seconds: how long after its last message it is kept; None: for ever.
        bytes: how large its messages may be together.
    """

    ttl_seconds: float | None
    bytes: int


class ExpectedTail(NamedTuple):
    """What an append counts on; None: on nothing.

    Attributes:
        number: that this is the last row.
        summary: that this is the row of the newest summary; 0: there is none.
    """

    number: int | None = None
    summary: int | None = None


class Tail(NamedTuple):
    """The end of a conversation.

    Attributes:
        number: of its last row; 0: it is empty.
        messages: those after the summary, as many as fit, the oldest first.
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
        user: whose it is; a mark after an erasure.
        tenant: of which customer.
        created_at: when it began, in seconds since 1970.
        rows: how many rows it has.
        at: when the last thing happened to it.
    """

    id: str
    user: str | None
    tenant: str | None
    created_at: float
    rows: int
    at: float


class ConversationStore(Protocol):
    """Where conversations are. Every call is atomic, and may come from any thread or process."""

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
            RefusedError: it is somebody else's.
            LogError: the store cannot be used.
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
        """Return everything that happened to a conversation, the oldest first, without bodies."""
        ...

    def list(self, *, user: str | None = None, limit: int = 50) -> Sequence[ConversationHead]:
        """Return conversations, those that something happened to last first."""
        ...

    def expire(self, now: float) -> int:
        """Remove what conversations said whose time is over; return how many."""
        ...

    def erase(self, conversation: str, *, by: str, now: float) -> bool:
        """Remove what was said in one; whether there is such a conversation."""
        ...

    def erase_user(self, user: str, mark: str, *, by: str, now: float) -> Sequence[str]:
        """Remove all that was said with a user, and put a mark in the user's place."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
