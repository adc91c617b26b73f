"""Limit the cost of an eval: reserve before each call, settle after it."""

from __future__ import annotations

import asyncio

from promptops.errors import PromptopsError


class CapError(PromptopsError):
    """A call may cost more than the rest of the cap."""

    page = "docs/evals.md#cost-and-time"


class CapReachedError(CapError):
    """The cap has no rest for another call."""


class CostCap:
    """The cost limit of one eval run, in micro-dollars. Belongs to one event loop.

    The maximum cost of calls in flight counts as spent, so the limit holds whatever they cost. A
    call that does not fit waits for calls in flight. It is refused only if none are left.

    Args:
        cap: the limit; None: no limit.
    """

    def __init__(self, cap: int | None) -> None:
        self._cap = cap
        self._held = 0
        self._waiting: list[asyncio.Future[None]] = []
        self.spent = 0
        self.unpriced = 0

    async def take(self, maximum_cost: int | None, model: str) -> int:
        """Reserve the maximum cost of a call of a model, and return it. Raises CapError."""
        if self._cap is None:
            self._held += maximum_cost or 0
            return maximum_cost or 0
        if maximum_cost is None:
            raise CapError(
                f"the cost of a call of {model} is unknown, and a cap is set",
                hint="set its price in [models] and max_tokens in the prompt, or remove the cap",
            )
        while self.spent + self._held + maximum_cost > self._cap:
            if not self._held:
                raise CapReachedError(
                    f"another call of {model} could exceed the cap of "
                    f"{self._cap / 1_000_000:.6f} USD",
                    hint="raise --max-cost and add --resume to continue",
                )
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        self._held += maximum_cost
        return maximum_cost

    def settle(self, reserved: int, cost: int | None) -> None:
        """Replace a reservation by the call's cost; None: unknown."""
        self._held -= reserved
        if cost is None:
            self.unpriced += 1
        self.spent += reserved if cost is None else cost
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
