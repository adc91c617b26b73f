"""The interface of ledgers, in which guards count.

A ledger has three kinds of data. *Windows* are counters: how much of a limit is used in one minute,
hour or day. *Reservations* are the parts of windows that belong to running attempts. *Notes* are
small texts updated by compare-and-swap: breakers and sent alerts.

A window counts a reservation in full at once. So nothing needs to happen when a process dies: the
lease expires and the estimate stays spent. A settlement, even a late one, corrects the windows by
the difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Unit = Literal["micros", "calls", "tokens"]

# Units that cost money; a lost or unreachable ledger must refuse them.
MONEY_UNITS: frozenset[Unit] = frozenset({"micros", "tokens"})
# Every call to a ledger ends within this time, with an answer or a LedgerError.
TIMEOUT_SECONDS = 1.0
# How long an expired reservation can still be settled.
LATE_SECONDS = 86_400
# The name of threads that release the late reservations of cancelled callers.
GIVING_BACK = "promptops-giving-back"
# How often a process deletes old data, by a monotonic clock.
PRUNE_SECONDS = 60
# The maximum step of the deletion horizon: a clock that is years ahead must not delete today's
# windows.
MAX_ADVANCE_SECONDS = 600


class Charge(NamedTuple):
    """The charge of one attempt to one window.

    Attributes:
        window: the window's name, such as `spend/hour/global/2026-11-29T04`.
        limit: the window's limit.
        amount: the attempt's maximum amount.
        unit: what is counted: micro-dollars, calls or tokens.
        ends_at: when the window ends, in seconds since 1970.
        kept_until: when the ledger may delete the window; after `ends_at`, for late settlements.
    """

    window: str
    limit: int
    amount: int
    unit: Unit
    ends_at: int
    kept_until: int


class Refusal(NamedTuple):
    """The reason why a ledger refused a reservation.

    Attributes:
        window: the full window; of several, the one that ends last.
        limit: its limit.
        spent: the used amount, reservations included.
        frees_at: when it ends, in seconds since 1970; None if the attempt alone exceeds the limit.
    """

    window: str
    limit: int
    spent: int
    frees_at: float | None


class Standing(NamedTuple):
    """The use of a window.

    Attributes:
        window: its name.
        used: the spent and reserved amount.
        held: the part of it that belongs to attempts still running.
        ends_at: when it ends, in seconds since 1970.
    """

    window: str
    used: int
    held: int
    ends_at: int


class Reset(NamedTuple):
    """The record of a reset.

    Attributes:
        at: the time, in seconds since 1970.
        by: the person who reset.
        reason: the reason.
        windows: the reset windows, with their amounts.
    """

    at: float
    by: str
    reason: str
    windows: tuple[tuple[str, int], ...]


class Settlement(NamedTuple):
    """The actual use of a reservation.

    Attributes:
        key: the reservation.
        amounts: the used amounts; missing units stay as reserved.
    """

    key: str
    amounts: Mapping[Unit, int]


class LedgerError(PromptopsError):
    """The ledger is unreachable, answers too late, or has lost its counts."""

    page = "docs/guards.md#while-it-is-out-of-reach"


class LedgerBusyError(LedgerError):
    """The call would have to wait, and the caller asked not to."""


def choose_horizon(last: float | None, now: float) -> float:
    """Return the time before which data may be deleted, in seconds since 1970.

    Args:
        last: the previous such time, or None.
        now: the caller's clock, which may have jumped.
    """
    return now if last is None else min(now, last + MAX_ADVANCE_SECONDS)


def refuse(charges: Sequence[Charge], used: Mapping[str, int]) -> Refusal | None:
    """Return a refusal if charges do not fit into windows with the use `used`, else None."""
    refusal: Refusal | None = None
    ends_at = float("-inf")
    for charge in charges:
        spent = used.get(charge.window, 0)
        if charge.amount == 0 or spent + charge.amount <= charge.limit:
            continue
        is_alone_too_large = charge.amount > charge.limit
        end = float("inf") if is_alone_too_large else charge.ends_at
        if end > ends_at:
            ends_at = end
            frees_at = None if is_alone_too_large else float(charge.ends_at)
            refusal = Refusal(charge.window, charge.limit, spent, frees_at)
    return refusal


class LostCountsError(LedgerError):
    """The store was emptied or restarted without its data, so the spending is unknown."""

    page = "docs/guards.md#where-is-counted"


class Ledger(Protocol):
    """The interface of ledgers. Safe to use from many threads and processes, and after a fork.

    `now` is always the caller's time in seconds since 1970. With `wait=False` a call raises
    LedgerBusyError instead of waiting for a lock or for the network, so that an event loop can try
    before it hands the call to a thread. Every other failure is a LedgerError within
    `TIMEOUT_SECONDS`, also of opening the store, which the first call does. Ledgers derive from
    this class, which implements `settle_all`.

    Attributes:
        is_remote: whether each call waits for a network.
    """

    @property
    def is_remote(self) -> bool: ...  # noqa: D102 - above

    def reserve(
        self,
        key: str,
        charges: Sequence[Charge],
        *,
        lease_seconds: float,
        now: float,
        wait: bool = True,
    ) -> Refusal | None:
        """Reserve all charges or none, in one transaction; None means success.

        Reserving the same key again changes nothing, so a caller may repeat a call whose answer was
        lost.
        """
        ...

    def settle(
        self, key: str, amounts: Mapping[Unit, int], *, now: float, wait: bool = True
    ) -> bool:
        """Replace the reservation of `key` by the actual use; missing units stay as reserved.

        Works after the lease expired too. Returns False if the key is unknown or already settled.
        """
        ...

    def settle_all(
        self, settlements: Sequence[Settlement], *, now: float, wait: bool = True
    ) -> None:
        """Settle several reservations; see `settle`. A store may use one transaction.

        Repeating it changes nothing, so a caller may do so after an error.
        """
        for key, amounts in settlements:
            self.settle(key, amounts, now=now, wait=wait)

    def release(self, key: str, *, now: float, wait: bool = True) -> bool:
        """Delete the reservation of `key`, because the attempt was never sent."""
        ...

    def spent(self, windows: Sequence[str], *, now: float) -> Mapping[str, Standing]:
        """Return the use of these windows; unused ones are missing."""
        ...

    def standings(self, *, now: float) -> Sequence[Standing]:
        """Return every window that has not ended."""
        ...

    def reset(self, windows: Sequence[str], *, by: str, reason: str, now: float) -> Reset:
        """Reset windows to the reservations of running attempts, and record it.

        A ledger that lost its counts starts again.
        """
        ...

    def resets(self) -> Sequence[Reset]:
        """Return the recorded resets, newest first."""
        ...

    def read_note(self, key: str, *, now: float, wait: bool = True) -> str | None:
        """Return the note's text; None if missing or expired."""
        ...

    def swap_note(
        self,
        key: str,
        expected: str | None,
        value: str | None,
        *,
        until: float,
        now: float,
        wait: bool = True,
    ) -> bool:
        """Replace a note if it still reads `expected` (None: absent); `value` None removes it."""
        ...

    def close(self) -> None:
        """Close connections; a later call opens them again."""
        ...


@runtime_checkable
class LosableLedger(Protocol):
    """A ledger that detects lost counts, and can restore them."""

    def restore(self, charges: Sequence[Charge], *, by: str, reason: str, now: float) -> Reset:
        """Restart the ledger with the amounts of these charges, atomically, and record it.

        Raises LedgerError if it was restarted meanwhile.
        """
        ...


@runtime_checkable
class ShrinkableLedger(Protocol):
    """A ledger on this machine whose reservations can be lowered."""

    def reserve(  # noqa: D102 - as in `Ledger`
        self,
        key: str,
        charges: Sequence[Charge],
        *,
        lease_seconds: float,
        now: float,
        wait: bool = True,
    ) -> Refusal | None: ...

    def settle(  # noqa: D102 - as in `Ledger`
        self, key: str, amounts: Mapping[Unit, int], *, now: float, wait: bool = True
    ) -> bool: ...

    def shrink(
        self, key: str, amounts: Mapping[Unit, int], *, now: float, wait: bool = True
    ) -> bool:
        """Lower the reservation of `key` to these amounts; they stay reserved.

        Returns False if the key is unknown or already settled.
        """
        ...
