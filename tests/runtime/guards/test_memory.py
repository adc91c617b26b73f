"""The ledger in memory deletes what is old, and goes on in a forked child."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.ledger import LATE_SECONDS, PRUNE_SECONDS
from tests.runtime.guards.pieces import AMOUNT, WINDOW, charge

NOW = 1_000_000.0


class World:
    """A ledger whose monotonic clock a test moves."""

    def __init__(self) -> None:
        self.ticks = 0.0
        self.ledger = MemoryLedger(lambda: self.ticks)
        # The first reservation deletes: nothing, and from now on once a minute.
        self.reserve("first", "other")

    def reserve(self, key: str, window: str, *, kept_until: float = 2 * NOW) -> None:
        one = charge(window)._replace(kept_until=int(kept_until))
        assert self.ledger.reserve(key, [one], lease_seconds=60, now=NOW) is None

    def prune(self, now: float) -> None:
        self.ticks += PRUNE_SECONDS
        self.ledger.reserve(f"prune/{now}", [], lease_seconds=0, now=now)

    def windows(self) -> set[str]:
        return set(self.ledger.spent(["old", "other"], now=NOW))


def test_old_windows_are_deleted_at_most_once_a_minute() -> None:
    world = World()
    world.reserve("a", "old", kept_until=NOW + 1)
    world.ticks += PRUNE_SECONDS - 1
    world.ledger.reserve("b", [], lease_seconds=0, now=NOW + 2)
    assert world.windows() == {"old", "other"}
    world.ticks += 1
    world.ledger.reserve("c", [], lease_seconds=0, now=NOW + 2)
    assert world.windows() == {"other"}


def test_a_reservation_can_be_settled_for_a_day_after_its_lease() -> None:
    world = World()
    world.reserve("a", "old")
    world.reserve("b", "old")
    ends_at = NOW + 60 + LATE_SECONDS
    # The clock is believed in steps of minutes only, so it has to be told often.
    for step in range(int(LATE_SECONDS // 600) + 2):
        world.prune(min(NOW + 600 * step, ends_at))
    assert world.ledger.settle("a", {"micros": 1}, now=ends_at)
    world.prune(ends_at + 1)
    assert not world.ledger.settle("b", {"micros": 1}, now=ends_at)
    assert world.ledger.spent(["old"], now=NOW)["old"].used == 1 + AMOUNT


def test_a_note_ends_with_its_time() -> None:
    world = World()
    assert world.ledger.swap_note("n", None, "x", until=NOW + 5, now=NOW)
    assert world.ledger.read_note("n", now=NOW + 4.9) == "x"
    assert world.ledger.read_note("n", now=NOW + 5) is None
    assert world.ledger.swap_note("n", None, "y", until=NOW + 9, now=NOW + 5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent() -> None:
    entered, gate = threading.Event(), threading.Event()
    is_slow = False

    def clock() -> float:
        # The ledger looks at its clock while it holds its lock.
        if is_slow:
            entered.set()
            gate.wait(30)
        return 0.0

    ledger = MemoryLedger(clock)
    is_slow = True
    thread = threading.Thread(
        target=ledger.reserve, args=("a", [charge()]), kwargs={"lease_seconds": 9, "now": NOW}
    )
    thread.start()
    assert entered.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        used = ledger.spent([WINDOW], now=NOW)[WINDOW].used
        os._exit(0 if used == AMOUNT else 1)
    _, status = os.waitpid(child, 0)
    gate.set()
    thread.join()
    assert status == 0
