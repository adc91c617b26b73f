"""Guards and breakers for tests, with clocks that a test moves, on ledgers that fail or wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from promptops.repository.settings.guards import BreakerSettings, GuardSettings, Limits
from promptops.runtime.guards.breaker import Breakers
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.windows import Scope
from promptops.runtime.ledger import GIVING_BACK, LedgerBusyError, LedgerError

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import Alert

HOUR = 1_796_000_400 // 3600 * 3600
SCOPE = Scope("production", "support/triage", user="u-1", tenant="acme")
MODEL = "openai/gpt-4o"


class World:
    """Guards on a ledger in memory, with a clock that a test moves."""

    def __init__(self, settings: GuardSettings, ledger: MemoryLedger | None = None) -> None:
        self.now = float(HOUR)
        self.alerts: list[Alert] = []
        self.warnings: list[str] = []
        self.ledger = ledger or MemoryLedger()
        self.guards = Guards(
            settings,
            self.ledger,
            clock=lambda: self.now,
            notify=self.alerts.append,
            warn=self.warnings.append,
        )

    def spent(self, guard: str) -> int:
        return next(one.spent for one in self.guards.standings([SCOPE]) if one.guard == guard)


def strict(limit: int) -> GuardSettings:
    return GuardSettings(limits=Limits(spend_per_hour=limit), is_strict=True)


class DeadLedger(MemoryLedger):
    """A store that is out of reach while `is_dead`."""

    is_dead = True

    def reserve(self, *args: Any, **options: Any) -> Any:
        if self.is_dead:
            raise LedgerError("the ledger does not answer")
        return super().reserve(*args, **options)

    def settle(self, *args: Any, **options: Any) -> Any:
        if self.is_dead:
            raise LedgerError("the ledger does not answer")
        return super().settle(*args, **options)


class RemoteLedger(MemoryLedger):
    """One that waits, which it must never do in the thread of the event loop.

    While `gate` is closed its answers are on their way.
    """

    is_remote = True

    def __init__(self) -> None:
        super().__init__()
        self.loop_thread = threading.get_ident()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.is_gone = False
        self.reads = 0

    def _wait(self, *, wait: bool) -> None:
        if not wait:
            raise LedgerBusyError("it would have to wait")
        assert threading.get_ident() != self.loop_thread
        self.entered.set()
        assert self.gate.wait(30)
        if self.is_gone:
            raise LedgerError("it does not answer")

    def reserve(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        return super().reserve(*args, wait=wait, **options)

    def settle(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        return super().settle(*args, wait=wait, **options)

    def read_note(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        self.reads += 1
        return super().read_note(*args, wait=wait, **options)

    def swap_note(self, *args: Any, wait: bool = True, **options: Any) -> Any:
        self._wait(wait=wait)
        return super().swap_note(*args, wait=wait, **options)


def join_givers() -> None:
    for thread in threading.enumerate():
        if thread.name == GIVING_BACK:
            thread.join(30)


class LoopWorld:
    """Guards and breakers on one ledger that waits, with clocks that a test moves."""

    def __init__(self, settles_together: int = 1) -> None:
        self.ledger = RemoteLedger()
        self.now = float(HOUR)
        self.ticks = 0.0
        settings = GuardSettings(limits=Limits(spend_per_hour=100), is_strict=True)
        self.guards = Guards(
            settings, self.ledger, clock=lambda: self.now, settles_together=settles_together
        )
        self.breakers = Breakers(
            BreakerSettings(2, 60, 30),
            self.ledger,
            clock=lambda: self.now,
            token=lambda: "token",
            monotonic=lambda: self.ticks,
        )

    async def reserve(self, key: str, cost: int) -> Any:
        return await self.guards.areserve(SCOPE, key=key, cost=cost, tokens=1, lease_seconds=60)

    def spent(self) -> int:
        return self.guards.standings()[0].spent

    async def open(self) -> None:
        for _ in range(2):
            await (await self.breakers.aallow(MODEL)).areport(is_healthy=False)
