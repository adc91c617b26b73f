"""Remember that a store was unreachable, and do not ask it again at once.

A run calls its ledger several times; each call would wait for the whole timeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.ledger import TIMEOUT_SECONDS, LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable


class Outage:
    """Remembers for the duration of one call's timeout that a store is unreachable."""

    __slots__ = ("_error", "_monotonic", "_until")

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = 0.0
        self._error: tuple[str, str | None] | None = None

    def check(self) -> None:
        """Raise the remembered LedgerError, if it is recent."""
        error = self._error
        if error is not None and self._monotonic() < self._until:
            raise LedgerError(error[0], hint=error[1])

    def begin(self, error: LedgerError) -> None:
        """Record that the store is unreachable."""
        self._error = error.message, error.hint
        self._until = self._monotonic() + TIMEOUT_SECONDS

    def end(self) -> None:
        """Record that the store has answered."""
        self._error = None
