"""Keep an event loop responsive while many runs proceed.

A thousand runs that start together, or whose answers arrive together, each need a millisecond to
render, count or record. Without turns the loop would do all of it before anything else.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import asyncio

# The number of runs that proceed in one iteration of the loop.
_AT_ONCE = 4


class _LoopTurns:
    """The turns of one event loop."""

    __slots__ = ("_is_due", "_loop", "_taken", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._taken = 0
        self._is_due = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> asyncio.Future[None] | None:
        """Return a future to wait for; None if there is no need to wait."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._next_round)
        if self._taken < _AT_ONCE and not self._waiting:
            self._taken += 1
            return None
        place = self._loop.create_future()
        self._waiting.append(place)
        return place

    def _next_round(self) -> None:
        self._taken = 0
        while self._waiting and self._taken < _AT_ONCE:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                self._taken += 1
        self._is_due = self._taken > 0
        if self._is_due:
            self._loop.call_soon(self._next_round)


class Turns:
    """The turns of all event loops that a runner serves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopTurns] = WeakKeyDictionary()

    async def take(self) -> None:
        """Wait for this run's turn."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        turns = self._loops.get(loop)
        if turns is None:
            with self._lock:
                turns = self._loops.setdefault(loop, _LoopTurns(loop))
        place = turns.take()
        if place is not None:
            await place
