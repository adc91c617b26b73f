"""A store that was out of reach a moment ago is not asked again at once.

A run asks its ledger several times; each of them would wait the whole time for the same silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.guards.ledger import TIMEOUT_SECONDS, LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable


class Outage:
    """Remembers, for as long as one call may take, that a store is out of reach."""

    __slots__ = ("_error", "_monotonic", "_until")

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = 0.0
        self._error: tuple[str, str | None] | None = None

    def check(self) -> None:
        """Raise the LedgerError of a moment ago."""
        error = self._error
        if error is not None and self._monotonic() < self._until:
            raise LedgerError(error[0], hint=error[1])

    def begin(self, error: LedgerError) -> None:
        """The store is out of reach now."""
        self._error = error.message, error.hint
        self._until = self._monotonic() + TIMEOUT_SECONDS

    def end(self) -> None:
        """The store has answered."""
        self._error = None
