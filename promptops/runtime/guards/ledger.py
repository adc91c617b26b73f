"""Where guards count: what every ledger promises, whichever store it is kept in.

A ledger holds three things. *Windows* are counters: how much of a limit is used in one hour, day or
minute. *Reservations* say which part of the windows belongs to an attempt that is still running.
*Notes* are small texts that are replaced by compare-and-swap: breakers and sent alerts.

A window counts a reservation in full from the moment it is made. So nothing has to happen when a
process dies: the lease runs out and the estimate stays spent. A settlement, even a late one,
corrects the windows by the difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Unit = Literal["micros", "calls", "tokens"]

# What a lost or unreachable ledger must not let through: these are paid for.
MONEY_UNITS: frozenset[Unit] = frozenset({"micros", "tokens"})
# Every call to a ledger ends within this time, with an answer or a LedgerError.
TIMEOUT_SECONDS = 1.0
# How long an expired reservation can still be settled.
LATE_SECONDS = 86_400
# The name of threads that give back what a cancelled caller got too late.
GIVING_BACK = "promptops-giving-back"
# How often a process looks for what can be forgotten, by a clock that never jumps.
PRUNE_SECONDS = 60
# How far it may go at a time: a clock that is years ahead must not empty today's windows.
MAX_ADVANCE_SECONDS = 600


class Charge(NamedTuple):
    """What one attempt takes from one window.

    Attributes:
        window: the window's name, such as `spend/hour/global/2026-11-29T04`.
        limit: how much the window may hold in all.
        amount: how much the attempt takes of it, at most.
        unit: what is counted: micro-dollars, calls or tokens.
        ends_at: when the window ends, in seconds since 1970.
        kept_until: when the ledger may forget the window; after `ends_at`, for late settlements.
    """

    window: str
    limit: int
    amount: int
    unit: Unit
    ends_at: int
    kept_until: int


class Refusal(NamedTuple):
    """Why a ledger reserved nothing.

    Attributes:
        window: the window that is full; of several, the one that ends last.
        limit: its limit.
        spent: what it holds, reservations included.
        frees_at: when it ends, in seconds since 1970; None when the attempt alone is too large.
    """

    window: str
    limit: int
    spent: int
    frees_at: float | None


class Standing(NamedTuple):
    """How full a window is.

    Attributes:
        window: its name.
        used: what is spent and reserved.
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
        at: when, in seconds since 1970.
        by: who.
        reason: why.
        windows: which windows, each with what it held.
    """

    at: float
    by: str
    reason: str
    windows: tuple[tuple[str, int], ...]


class LedgerError(PromptopsError):
    """The ledger cannot be reached, answers too late, or has lost what it counted."""


class LedgerBusyError(LedgerError):
    """The ledger would have to wait, and the caller asked not to."""


def choose_horizon(last: float | None, now: float) -> float:
    """Return until when a prune may forget, in seconds since 1970.

    Args:
        last: until when the last one did; None: there was none yet.
        now: the caller's clock, which may have jumped.
    """
    return now if last is None else min(now, last + MAX_ADVANCE_SECONDS)


def refuse(charges: Sequence[Charge], used: Mapping[str, int]) -> Refusal | None:
    """Return why these charges do not fit into windows that hold `used`; None when they do."""
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
    """The store was emptied or restarted without its data: what was spent is not known."""


class Ledger(Protocol):
    """What guards need of a store. Safe to use from many threads and processes, and after a fork.

    `now` is always the caller's time in seconds since 1970. With `wait=False` a call raises
    LedgerBusyError instead of waiting for a lock or for the network, so that an event loop can
    try before it hands the call to a thread. Every other failure is a LedgerError within
    `TIMEOUT_SECONDS`, also of opening the store, which the first call does.

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
        """Take every charge or none, in one transaction; None means that they were taken.

        A key that is already reserved takes nothing again, so a caller may repeat a call whose
        answer was lost.
        """
        ...

    def settle(
        self, key: str, amounts: Mapping[Unit, int], *, now: float, wait: bool = True
    ) -> bool:
        """Replace what `key` reserved by what it used; units that are missing stay as reserved.

        Works after the lease ran out too. False: the key is unknown or already settled.
        """
        ...

    def release(self, key: str, *, now: float, wait: bool = True) -> bool:
        """Return everything back that `key` reserved: the attempt was never sent."""
        ...

    def spent(self, windows: Sequence[str], *, now: float) -> Mapping[str, Standing]:
        """Return how full these windows are; those that never counted anything are missing."""
        ...

    def standings(self, *, now: float) -> Sequence[Standing]:
        """Return every window that has not ended."""
        ...

    def reset(self, windows: Sequence[str], *, by: str, reason: str, now: float) -> Reset:
        """Set windows back to what running attempts hold, and record it.

        On a ledger that lost its counts this begins a new one.
        """
        ...

    def resets(self) -> Sequence[Reset]:
        """Return the recorded resets, newest first."""
        ...

    def read_note(self, key: str, *, now: float, wait: bool = True) -> str | None:
        """Return the note's text; None when there is none or its time is over."""
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
    """A ledger that knows when it has lost its counts, and can be given them again."""

    def restore(self, charges: Sequence[Charge], *, by: str, reason: str, now: float) -> Reset:
        """Begin the ledger anew with the amounts of these charges, at once, and record it.

        Raises LedgerError when it was begun meanwhile.
        """
        ...
