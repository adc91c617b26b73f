"""Reserve for many attempts of an event loop at once.

A block is one reservation in the ledger, and attempts take parts of it without calling the ledger.
The maximum use of its attempts is reserved before the first one begins, so a killed process has
reserved more than it used, never less.

A block is twice as large as the last one if that was used up within a second; otherwise it is for
one attempt. After a second a block is closed, and its rest is returned to the ledger.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from promptops.runtime.guards.reservation import Reservation
from promptops.runtime.ledger import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.guards.windows import Scope
    from promptops.runtime.ledger import Charge, ShrinkableLedger, Unit

_SECONDS = 1.0


class ReservationBlock:
    """One reservation in the ledger, for many attempts.

    Args:
        key: its name in the ledger.
        charges: the maximum use of one attempt in each window.
        count: the number of attempts.
        now: the current time of a monotonic clock, in seconds.
        lease_seconds: the time after which the reservation expires.
    """

    def __init__(
        self, key: str, charges: Sequence[Charge], count: int, now: float, lease_seconds: float
    ) -> None:
        self.key = key
        self.count = count
        self.opened_at = now
        self.lease_until = now + lease_seconds
        self.ends_at = min(one.ends_at for one in charges)
        self.left = {one.unit: count * one.amount for one in charges}
        self.used = dict.fromkeys(self.left, 0)
        # The maximum use of running attempts.
        self.held = dict.fromkeys(self.left, 0)
        # The amounts reserved in the ledger.
        self.reserved = dict(self.left)
        self.running = 0
        self.is_open = True
        self.timer: asyncio.TimerHandle | None = None

    def take(self, amounts: Mapping[Unit, int], lease_until: float) -> bool:
        """Take an attempt's part; return whether it fits."""
        if lease_until > self.lease_until or not self.is_open:
            return False
        if any(amounts[unit] > left for unit, left in self.left.items()):
            return False
        for unit in self.left:
            self.left[unit] -= amounts[unit]
            self.held[unit] += amounts[unit]
        self.running += 1
        return True

    def end(self, held: Mapping[Unit, int], used: Mapping[Unit, int]) -> None:
        """Replace an attempt's part by its actual use; missing units stay as reserved."""
        self.running -= 1
        for unit in self.held:
            self.held[unit] -= held[unit]
            self.used[unit] += used.get(unit, held[unit])

    def needs(self) -> dict[Unit, int]:
        """Return the sum of the used amounts and the maximum use of running attempts."""
        return {unit: used + self.held[unit] for unit, used in self.used.items()}


class BlockReservation(Reservation):
    """The reservation of one attempt as a part of a block.

    Args:
        guards: the guards that reserved it.
        blocks: the blocks.
        block: the block.
        amounts: the attempt's part.
    """

    __slots__ = ("_amounts_held", "_block", "_blocks")

    def __init__(
        self,
        guards: Guards,
        blocks: ReservationBlocks,
        block: ReservationBlock,
        amounts: Mapping[Unit, int],
    ) -> None:
        cost, tokens = amounts["micros"], amounts["tokens"]
        super().__init__(guards, guards.ledger, block.key, cost=cost, tokens=tokens, is_local=False)
        self._blocks = blocks
        self._block = block
        self._amounts_held = amounts

    def _end(self, amounts: dict[Unit, int]) -> None:
        if not self._is_done:
            self._is_done = True
            self._blocks.end(self._block, self._amounts_held, amounts)

    async def _aend(self, amounts: dict[Unit, int]) -> None:
        self._end(amounts)


class ReservationBlocks:
    """The blocks of one event loop.

    Args:
        ledger: the ledger.
        clock: seconds since 1970.
        most: the maximum number of attempts of a block.
        settle_later: settles a block that the ledger could not settle at once.
    """

    def __init__(
        self,
        ledger: ShrinkableLedger,
        *,
        clock: Callable[[], float],
        most: int,
        settle_later: Callable[[str, Mapping[Unit, int]], None],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._most = most
        self._settle_later = settle_later
        self._open: dict[Scope, ReservationBlock] = {}
        # The blocks that are not settled.
        self._blocks: set[ReservationBlock] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def take(
        self, scope: Scope, amounts: Mapping[Unit, int], lease: float
    ) -> ReservationBlock | None:
        """Take an attempt's part of the open block; None if there is no block with enough room."""
        block, loop = self._open.get(scope), self._loop
        if block is None or self._clock() >= block.ends_at:
            return None
        if loop is None or asyncio.get_running_loop() is not loop:
            return None
        return block if block.take(amounts, loop.time() + lease) else None

    def open(
        self, scope: Scope, key: str, charges: Sequence[Charge], lease_seconds: float
    ) -> ReservationBlock | None:
        """Reserve a block, and take the first attempt's part; None if that is not possible now.

        Args:
            scope: the scope of its attempts.
            key: the first attempt's key.
            charges: the first attempt's maximum use of each window.
            lease_seconds: the first attempt's maximum duration.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self.close()
            self._loop = loop
        before = self._open.pop(scope, None)
        size = 1
        now = loop.time()
        if before is not None:
            if now - before.opened_at < _SECONDS:
                size = min(2 * before.count, self._most)
            self._close(before)
        lease_seconds += _SECONDS
        many = [one._replace(amount=size * one.amount) for one in charges]
        try:
            refusal = self._ledger.reserve(
                key, many, lease_seconds=lease_seconds, now=self._clock(), wait=False
            )
        except LedgerError:
            return None
        if refusal is not None:
            return None
        block = ReservationBlock(key, charges, size, now, lease_seconds)
        block.take({one.unit: one.amount for one in charges}, now)
        self._open[scope] = block
        self._blocks.add(block)
        block.timer = loop.call_later(_SECONDS, self._expire, scope, block)
        return block

    def make_reservation(
        self, guards: Guards, block: ReservationBlock, amounts: Mapping[Unit, int]
    ) -> Reservation:
        """Return the reservation of an attempt whose part was taken."""
        return BlockReservation(guards, self, block, amounts)

    def end(
        self, block: ReservationBlock, held: Mapping[Unit, int], used: Mapping[Unit, int]
    ) -> None:
        """Replace an attempt's part by its actual use."""
        block.end(held, used)
        if not block.running and (not block.is_open or block.count == 1):
            self._settle(block)

    def give_back(self) -> list[tuple[str, dict[Unit, int]]]:
        """Return unneeded amounts of blocks to the ledger.

        Return the key and the needed amounts of each block for which that must be done later.
        """
        waiting = []
        for block in list(self._blocks):
            self._close(block)
            if block in self._blocks and not self._shrink(block):
                waiting.append((block.key, block.needs()))
        self._open.clear()
        return waiting

    def close(self) -> None:
        """Settle all blocks; the maximum use of running attempts counts as used."""
        self._open.clear()
        for block in list(self._blocks):
            for unit, amount in block.held.items():
                block.used[unit] += amount
            self._settle(block)

    def _expire(self, scope: Scope, block: ReservationBlock) -> None:
        if self._open.get(scope) is block:
            # The block was not used up in time.
            del self._open[scope]
        self._close(block)
        if block in self._blocks:
            self._shrink(block)
            assert self._loop is not None  # noqa: S101 - it runs this
            block.timer = self._loop.call_later(_SECONDS, self._expire, scope, block)

    def _close(self, block: ReservationBlock) -> None:
        """Close a block, so that no part can be taken."""
        block.is_open = False
        if not block.running and block in self._blocks:
            self._settle(block)

    def _shrink(self, block: ReservationBlock) -> bool:
        needs = block.needs()
        if needs != block.reserved:
            try:
                self._ledger.shrink(block.key, needs, now=self._clock(), wait=False)
            except LedgerError:
                return False
            block.reserved = needs
        return True

    def _settle(self, block: ReservationBlock) -> None:
        self._blocks.discard(block)
        block.is_open = False
        if block.timer is not None:
            block.timer.cancel()
        try:
            self._ledger.settle(block.key, block.used, now=self._clock(), wait=False)
        except LedgerError:
            self._settle_later(block.key, block.used)
