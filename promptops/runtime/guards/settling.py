"""Settle reservations: now, or together with others, or when the ledger can be reached again."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from promptops.runtime.ledger import LedgerBusyError, LedgerError, Settlement

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from promptops.runtime.ledger import Ledger, Unit

# The maximum number of pending settlements; further ones stay at their estimate.
_MAX_WAITING = 10_000
_SETTLED_AT_ONCE = 8
# The number of settlements in one transaction, for which other processes wait.
_MAX_SETTLED = 100
_SETTLE_SECONDS = 1.0


class Settlements:
    """The settlements that wait to be made in a ledger. Threads and event loops may share it."""

    def __init__(self, ledger: Ledger, *, clock: Callable[[], float], together: int) -> None:
        """Start without any settlement.

        Args:
            ledger: the ledger.
            clock: seconds since 1970.
            together: how many settlements an event loop makes at once; 1: each by itself.
        """
        self._ledger = ledger
        self._clock = clock
        self._together = together
        # The event loop that settles soon.
        self._settler: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[Settlement] = deque(maxlen=_MAX_WAITING)
        self._lock = threading.Lock()
        self._settling = threading.Lock()

    @property
    def is_pending(self) -> bool:
        """Whether the ledger may lack a settlement."""
        # The list before the lock: a settlement that left the list is in the ledger, or holds the
        # lock.
        return bool(self._waiting) or self._settling.locked()

    def settle(self, ledger: Ledger, key: str, amounts: dict[Unit, int]) -> None:
        """Settle a reservation; if the ledger is unreachable, do so later."""
        try:
            ledger.settle(key, amounts, now=self._clock())
        except LedgerError:
            self._waiting.append(Settlement(key, amounts))

    async def asettle(self, ledger: Ledger, key: str, amounts: dict[Unit, int]) -> None:
        """As `settle`, without blocking the event loop; later, if there may be others."""
        if self._together > 1 and ledger is self._ledger:
            self.make_later(key, amounts)
            return
        try:
            ledger.settle(key, amounts, now=self._clock(), wait=False)
        except LedgerBusyError:
            import asyncio

            # The settlement must be made even if the caller is cancelled.
            await asyncio.shield(
                asyncio.get_running_loop().run_in_executor(None, self.settle, ledger, key, amounts)
            )
        except LedgerError:
            self._waiting.append(Settlement(key, amounts))

    def make_later(self, key: str, amounts: Mapping[Unit, int]) -> None:
        """Schedule a settlement within a second; a reservation may make it before."""
        import asyncio

        self._waiting.append(Settlement(key, amounts))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # `close` does it then.
            return
        if self._settler is not loop:
            self._settler = loop
            loop.call_later(_SETTLE_SECONDS, self._settle_in_thread, loop)

    def _settle_in_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        # A loop that is ending starts no more threads; `close` settles the rest.
        with suppress(RuntimeError):
            loop.run_in_executor(None, self._settle_now)

    def _settle_now(self) -> None:
        self._settler = None
        # Later reservations and `close` try again.
        with suppress(LedgerError):
            self.make_all(wait=True)

    def make_some(self, *, wait: bool) -> None:
        """Make some of the settlements that wait, if there are enough of them."""
        if len(self._waiting) >= self._together:
            self._make(max(_SETTLED_AT_ONCE, self._together), wait=wait)

    def make_all(self, *, wait: bool) -> int:
        """Make the settlements that wait; return the number of remaining ones."""
        return self._make(len(self._waiting), wait=wait)

    def _make(self, count: int, *, wait: bool) -> int:
        if self._together == 1:
            # A fork may inherit a lock that is held during a call of the ledger.
            return self._make_some(count, wait=wait)
        if not self._settling.acquire(blocking=wait):
            raise LedgerBusyError("settlements are under way")
        try:
            return self._make_some(count, wait=wait)
        finally:
            self._settling.release()

    def _make_some(self, count: int, *, wait: bool) -> int:
        while count > 0:
            with self._lock:
                some = min(count, len(self._waiting), _MAX_SETTLED)
                batch = [self._waiting.popleft() for _ in range(some)]
            if not batch:
                break
            try:
                self._ledger.settle_all(batch, now=self._clock(), wait=wait)
            except LedgerError as error:
                self._waiting.extendleft(reversed(batch))
                if isinstance(error, LedgerBusyError):
                    break
                raise
            count -= len(batch)
        return len(self._waiting)
