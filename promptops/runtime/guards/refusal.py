"""The errors of limits that refuse a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promptops.errors import RefusedError
from promptops.repository.settings.reading import MICROS

if TYPE_CHECKING:
    from promptops.runtime.ledger import Charge, Refusal, Unit


class GuardError(RefusedError):
    """A limit refused a run before it cost anything.

    Attributes:
        guard: the limit's configuration key, such as `guards.spend_per_hour`; `guards.ledger` if
            the ledger is unreachable.
        limit: the limit for one window, in micro-dollars, calls, tokens or runs.
        spent: the spent and reserved part of it.
        frees_at_seconds: when the window ends, in seconds since 1970; None: waiting does not help.
    """

    page = "docs/guards.md#limits"

    def __init__(
        self,
        message: str,
        *,
        guard: str,
        limit: int | None = None,
        spent: int | None = None,
        frees_at_seconds: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.guard = guard
        self.limit = limit
        self.spent = spent
        self.frees_at_seconds = frees_at_seconds


def refuse_unknown(guard: str, unknown: str) -> GuardError:
    """Return the error of an attempt whose cost cannot be bounded: it lacks `unknown`."""
    return GuardError(
        f"{guard} is set, and the maximum cost of this run is unknown: it lacks {unknown}",
        guard=guard,
        hint="set max_tokens in the prompt, and a price in [models] (or free = true)",
    )


def refuse_full(guard: str, full: Charge, refusal: Refusal) -> GuardError:
    """Return the error of an attempt for which a window has no room.

    Args:
        guard: the limit's configuration key.
        full: the charge that the window has no room for.
        refusal: the ledger's answer.
    """
    limit = describe_amount(full.limit, full.unit)
    if guard == "guards.identical_per_minute":
        message = f"the same request was made {refusal.spent} times in this minute already"
        hint = "look for a loop; run trials of an eval in the environment 'eval'"
    elif refusal.frees_at is None:
        message = (
            f"{guard} is {limit}, and this call alone may take "
            f"{describe_amount(full.amount, full.unit)}"
        )
        hint = f"lower max_tokens in the prompt, or raise {guard}"
    else:
        verb = "is" if refusal.spent == 1 and full.unit != "micros" else "are"
        message = (
            f"{guard} is {limit}: {describe_amount(refusal.spent, full.unit)} {verb} spent or "
            f"reserved, and this call may take {describe_amount(full.amount, full.unit)}"
        )
        at = datetime.fromtimestamp(refusal.frees_at, UTC).strftime("%H:%M UTC")
        hint = f"wait until {at}, or see promptops guards show"
    return GuardError(
        message,
        guard=guard,
        limit=full.limit,
        spent=refusal.spent,
        frees_at_seconds=refusal.frees_at,
        hint=hint,
    )


def describe_amount(amount: int, unit: Unit) -> str:
    """Format an amount, such as `1.25 USD` or `20 calls`."""
    if unit == "micros":
        # Two digits, or more for fractions of a cent.
        text = f"{amount / MICROS:.6f}".rstrip("0")
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction.ljust(2, '0')} USD"
    word = unit if amount != 1 else unit.removesuffix("s")
    return f"{amount} {word}"
