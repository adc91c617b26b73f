"""A process that spends from a ledger until it is refused, and says what it was given.

    python -m tests.runtime.guards.racer URL LIMIT NAME SETTLED

It prints each key that was reserved before it goes on, so that a killed one has said everything
that it knew of.
"""

from __future__ import annotations

import sys
import time

from promptops.runtime.guards.opening import open_ledger
from promptops.runtime.ledger import LedgerError
from tests.runtime.guards.pieces import AMOUNT, LEASE_SECONDS, charge


def race(url: str, limit: int, name: str, settled: int) -> None:
    """Reserve until the limit is reached; settle the first `settled` at one less."""
    ledger = open_ledger(url)
    number = 0
    while True:
        key = f"{name}/{number}"
        try:
            refusal = ledger.reserve(
                key, [charge(limit=limit)], lease_seconds=LEASE_SECONDS, now=time.time()
            )
        except LedgerError as error:
            # As an application would: ask again, by the same key.
            sys.stdout.write(f"error {error.message}\n")
            continue
        if refusal is not None:
            return
        sys.stdout.write(f"{key}\n")
        sys.stdout.flush()
        if number < settled:
            ledger.settle(key, {"micros": AMOUNT - 1}, now=time.time())
        number += 1


if __name__ == "__main__":
    race(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
