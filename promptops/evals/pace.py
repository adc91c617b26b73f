"""Limit concurrent trials, adapting to the provider's rate limits."""

from __future__ import annotations

import asyncio


class Pace:
    """A limit on concurrent trials that halves on a rate limit error and grows slowly.

    Belongs to one event loop.

    Args:
        most: the initial limit, which is also the maximum.
    """

    def __init__(self, maximum: int) -> None:
        self._most = maximum
        self._limit = float(maximum)
        self._running = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._brakes = 0

    @property
    def limit(self) -> int:
        """The current limit."""
        return max(1, int(self._limit))

    async def __aenter__(self) -> None:
        """Wait until another trial may run."""
        while self._running >= self._limit and self._running >= self.limit:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        self._running += 1

    async def __aexit__(self, *_error: object) -> None:
        """Let the next waiting trial run."""
        self._running -= 1
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + 1 / self.limit)
        if not self._waiting:
            return
        for waiter in self._waiting[: self.limit - self._running]:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting = [one for one in self._waiting if not one.done()]

    def brake(self) -> None:
        """Halve the limit after a rate limit error.

        Errors of calls that were in flight together count once.
        """
        self._brakes += 1
        if self._brakes >= max(1, self._running // 2):
            self._brakes = 0
            self._limit = max(1.0, self._limit / 2)
