"""What is the same for all ledgers: when charges fit, and what may be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.ledger import (
    MAX_ADVANCE_SECONDS,
    Charge,
    Refusal,
    Settlement,
    choose_horizon,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def one(window: str, amount: int, *, limit: int = 10, ends_at: int = 100) -> Charge:
    return Charge(window, limit, amount, "calls", ends_at, ends_at)


@pytest.mark.parametrize(
    ("charges", "refusal"),
    [
        ([], None),
        ([one("w", 4)], None),
        ([one("w", 5)], Refusal("w", 10, 6, 100.0)),
        ([one("unused", 10)], None),
        # What costs nothing is never refused, not even by a window that is over its limit.
        ([one("over", 0)], None),
        ([one("over", 1)], Refusal("over", 10, 12, 100.0)),
        # Waiting does not help what never fits.
        ([one("w", 11)], Refusal("w", 10, 6, None)),
        # Of several full windows the one to wait for longest is named.
        ([one("w", 5), one("over", 1, ends_at=200)], Refusal("over", 10, 12, 200.0)),
        ([one("over", 1, ends_at=200), one("w", 5)], Refusal("over", 10, 12, 200.0)),
        ([one("over", 1, ends_at=200), one("w", 11)], Refusal("w", 10, 6, None)),
    ],
    ids=str,
)
def test_charges_fit_together_or_not_at_all(
    charges: Sequence[Charge], refusal: Refusal | None
) -> None:
    assert refuse(charges, {"w": 6, "over": 12}) == refusal


@pytest.mark.parametrize(
    ("last", "now", "horizon"),
    [
        (None, 5000.0, 5000.0),
        (1000.0, 1060.0, 1060.0),
        (1000.0, 1e9, 1000.0 + MAX_ADVANCE_SECONDS),
        (1000.0, 900.0, 900.0),
    ],
)
def test_a_clock_that_jumps_ahead_deletes_no_more_than_minutes(
    last: float | None, now: float, horizon: float
) -> None:
    assert choose_horizon(last, now) == horizon


def test_a_store_without_transactions_settles_one_after_another() -> None:
    ledger = MemoryLedger()
    for key in ("a", "b"):
        ledger.reserve(key, [one("w", 4)], lease_seconds=9, now=0.0)
    ledger.settle_all([Settlement("a", {"calls": 1}), Settlement("b", {})], now=0.0)
    assert ledger.spent(["w"], now=0.0)["w"] == ("w", 5, 0, 100)
