"""The reservation of one attempt: settle or release it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.ledger import Ledger, Unit


class Reservation:
    """The reservation of one attempt. Unless settled or released, it counts as spent.

    Attributes:
        key: its name in the ledger.
        cost: the reserved micro-dollars; None: unknown, and not reserved.
        tokens: the reserved tokens; None: unknown, and not reserved.
        is_local: whether it is counted only in this process, because the ledger is unreachable.
    """

    __slots__ = ("_guards", "_is_done", "_ledger", "cost", "is_local", "key", "tokens")

    def __init__(
        self,
        guards: Guards,
        ledger: Ledger,
        key: str,
        *,
        cost: int | None,
        tokens: int | None,
        is_local: bool,
    ) -> None:
        self._guards = guards
        self._ledger = ledger
        self._is_done = False
        self.key = key
        self.cost = cost
        self.tokens = tokens
        self.is_local = is_local

    def settle(self, cost: int | None, tokens: int | None) -> None:
        """Correct the windows to the actual cost; None: as reserved.

        Never raises: if the ledger is unreachable, the settlement is made later, and until then the
        estimate counts.
        """
        self._end(self._amounts(cost, tokens))

    def release(self) -> None:
        """Return the whole reservation, because the attempt was never sent. Never raises."""
        self._end({"micros": 0, "calls": 0, "tokens": 0})

    async def asettle(self, cost: int | None, tokens: int | None) -> None:
        """As `settle`, without blocking the event loop."""
        await self._aend(self._amounts(cost, tokens))

    async def arelease(self) -> None:
        """As `release`, without blocking the event loop."""
        await self._aend({"micros": 0, "calls": 0, "tokens": 0})

    def _amounts(self, cost: int | None, tokens: int | None) -> dict[Unit, int]:
        amounts: dict[Unit, int] = {}
        # Negative usage is invalid; it would increase the budget.
        if cost is not None and cost >= 0:
            amounts["micros"] = cost
        if tokens is not None and tokens >= 0:
            amounts["tokens"] = tokens
        if self.cost is not None and cost is not None and cost > self.cost:
            self._guards.tell_overrun(self.key, self.cost, cost)
        return amounts

    def _end(self, amounts: dict[Unit, int]) -> None:
        if not self._is_done:
            self._is_done = True
            self._guards.settle(self._ledger, self.key, amounts)

    async def _aend(self, amounts: dict[Unit, int]) -> None:
        if not self._is_done:
            self._is_done = True
            await self._guards.asettle(self._ledger, self.key, amounts)
