"""How many trials run at once: as many as the provider takes, found out while they run."""

from __future__ import annotations

import asyncio


class Pace:
    """A limit on trials at once that halves when a provider says "too many", and grows slowly.

    Belongs to one event loop.

    Args:
        most: the limit to begin with, which is never exceeded.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._running = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._brakes = 0

    @property
    def limit(self) -> int:
        """How many may run at once now."""
        return max(1, int(self._limit))

    async def __aenter__(self) -> None:
        """Wait until one more may run."""
        while self._running >= self.limit:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        self._running += 1

    async def __aexit__(self, *_error: object) -> None:
        """Let the next one run."""
        self._running -= 1
        self._limit = min(self._most, self._limit + 1 / self.limit)
        for waiter in self._waiting[: self.limit - self._running]:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting = [one for one in self._waiting if not one.done()]

    def brake(self) -> None:
        """Halve the limit: the provider refused a call because there were too many.

        The calls in flight are refused together and count once.
        """
        self._brakes += 1
        if self._brakes >= max(1, self._running // 2):
            self._brakes = 0
            self._limit = max(1.0, self._limit / 2)
