"""Charges for the tests of ledgers."""

from __future__ import annotations

from promptops.runtime.ledger import Charge

# Far enough in the future for every real clock.
ENDS_AT = 4_000_000_000
AMOUNT = 7
LEASE_SECONDS = 60.0
WINDOW = "spend/hour/global/2096-10-02T07"


def charge(
    window: str = WINDOW, amount: int = AMOUNT, limit: int = 100, ends_at: int = ENDS_AT
) -> Charge:
    """What one attempt takes from one window, in micro-dollars."""
    return Charge(window, limit, amount, "micros", ends_at, ends_at + 86_400)
