"""Blocks: what an event loop reserves for several attempts in one transaction."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.repository.settings.guards import GuardSettings, Limits
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.guards.reservation import Reservation
from promptops.runtime.guards.sqlite import SqliteLedger
from promptops.runtime.guards.windows import Scope
from promptops.runtime.ledger import LedgerBusyError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

T = TypeVar("T")
NOW = 1_796_000_000.0
SCOPE = Scope("eval", "support/triage")
LIMIT = 1000


class SteeredLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still until a test moves it ahead."""

    ahead = 0.0

    def time(self) -> float:
        return self.ahead


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=SteeredLoop) as runner:
        return runner.run(work)


class World:
    """Guards of several processes that share the ledger in one file, and its clock."""

    def __init__(
        self, folder: Path, processes: int = 1, limit: int = LIMIT, calls: int | None = 100_000
    ) -> None:
        self.file = folder / "ledger.db"
        self.now = NOW
        own = Limits(spend_per_hour=limit, calls_per_minute=calls)
        configured = GuardSettings(environments={"eval": own}, is_strict=True)
        self.ledgers = [CountingLedger(self.file) for _ in range(processes)]
        for one in self.ledgers:
            # Opens it, for which the first attempt would have to wait.
            one.resets()
        self.guards = [
            Guards(configured, ledger, clock=lambda: self.now, settles_together=100)
            for ledger in self.ledgers
        ]

    async def reserve(self, key: str, cost: int, process: int = 0) -> Reservation:
        guards = self.guards[process]
        return await guards.areserve(SCOPE, key=key, cost=cost, tokens=1, lease_seconds=60)

    def close(self) -> None:
        for one in self.guards:
            one.close()

    def standing(self, what: str = "spend") -> tuple[int, int]:
        """Return what is used and held of the windows of that kind, as another process sees it."""
        found = SqliteLedger(self.file).standings(now=self.now)
        mine = [one for one in found if one.window.startswith(what)]
        return sum(one.used for one in mine), sum(one.held for one in mine)


class CountingLedger(SqliteLedger):
    """One that counts its calls, and may be busy."""

    is_busy = False
    reserved = settled = 0

    def reserve(self, *args: object, **options: object) -> object:  # type: ignore[override]
        self.reserved += 1
        if self.is_busy and not options["wait"]:
            raise LedgerBusyError("another process uses the ledger")
        return super().reserve(*args, **options)  # type: ignore[arg-type]

    def settle(self, *args: object, **options: object) -> bool:
        self.settled += 1
        return super().settle(*args, **options)  # type: ignore[arg-type]


def test_many_attempts_take_few_calls_of_the_ledger(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def go() -> None:
        for number in range(400):
            await (await world.reserve(str(number), 2)).asettle(1, 1)

    run(go())
    # 1, 2, 4, ... 64 and 100 at once.
    assert world.ledgers[0].reserved == 10
    world.close()
    assert world.standing() == (400, 0)
    assert world.standing("calls") == (400, 0)


def test_calls_that_cost_nothing_take_few_calls_of_the_ledger(tmp_path: Path) -> None:
    world = World(tmp_path, calls=None)

    async def go() -> None:
        for number in range(400):
            await (await world.reserve(str(number), 0)).asettle(0, 1)

    run(go())
    world.close()
    assert (world.ledgers[0].reserved, world.ledgers[0].settled) == (2, 2)
    assert world.standing() == (0, 0)


def test_what_an_attempt_does_not_settle_stays_as_reserved(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def go() -> None:
        for number in range(10):
            one = await world.reserve(str(number), 5)
            if number % 2:
                await one.asettle(None, None)
                await one.arelease()
            elif number % 4:
                await one.arelease()

    run(go())
    world.close()
    assert world.standing() == (5 * 5 + 3 * 5, 0)


def test_a_killed_process_has_reserved_more_than_it_used(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def go() -> None:
        for number in range(8):
            await (await world.reserve(str(number), 5)).asettle(5, 1)

    run(go())
    # Blocks of 1, 2 and 4 were used up; one of the last eight was taken.
    assert world.standing() == (7 * 5 + 8 * 5, 8 * 5)


def test_what_is_left_goes_back_after_a_second(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def go() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteeredLoop)
        one, two = [await world.reserve(str(number), 5) for number in range(2)]
        assert world.standing() == (15, 15)
        loop.ahead += 2.0
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert world.standing() == (10, 10)
        await one.asettle(1, 1)
        await two.asettle(1, 1)
        assert world.standing() == (2, 0)
        # Nothing was used up within a second, so the next one is for itself.
        await world.reserve("next", 5)
        assert world.standing() == (7, 5)

    run(go())


def test_what_many_hold_goes_back_before_one_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, processes=2, limit=100)

    async def go() -> None:
        running = [await world.reserve(str(number), 10) for number in range(4)]
        assert world.standing() == (70, 70)
        await running[1].asettle(1, 1)
        # Another process is refused what is reserved; this one gives back what nobody needs.
        with pytest.raises(GuardError):
            await world.reserve("other", 31, process=1)
        more = await world.reserve("more", 69)
        assert world.standing() == (100, 100)
        with pytest.raises(GuardError):
            await world.reserve("one too many", 1)
        for one in (*running, more):
            await one.arelease()

    run(go())
    world.close()
    assert world.standing() == (1, 0)


def test_a_block_ends_with_its_window(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def go() -> None:
        world.now = NOW - NOW % 3600 + 3599
        late = [await world.reserve(str(number), 5) for number in range(2)]
        world.now += 1
        await (await world.reserve("next hour", 7)).asettle(7, 1)
        for one in late:
            await one.asettle(1, 1)

    run(go())
    world.close()
    assert world.standing() == (7, 0)
    world.now -= 1
    found = sorted(one.used for one in world.ledgers[0].standings(now=world.now))
    assert found == [1, 2, 2, 7]


def test_a_busy_ledger_is_waited_for_in_a_thread(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def go() -> None:
        one = await world.reserve("at once", 5)
        world.ledgers[0].is_busy = True
        await (await world.reserve("waits", 5)).asettle(1, 1)
        await one.asettle(5, 1)

    run(go())
    world.close()
    assert world.standing() == (6, 0)


def test_an_error_of_a_ledger_reaches_its_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(world.ledgers[0], "reserve", fail)
    with pytest.raises(ZeroDivisionError):
        run(world.reserve("a", 1))


@pytest.mark.story
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 40), st.integers(0, 40), st.integers(0, 5)),
        max_size=60,
    )
)
@settings(deadline=None, max_examples=25)
def test_processes_never_use_more_than_the_limit(
    tmp_path_factory: pytest.TempPathFactory, attempts: list[tuple[int, int, int, int]]
) -> None:
    world = World(tmp_path_factory.mktemp("ledger"), processes=2, limit=300)
    running: list[tuple[Reservation, int]] = []
    used = 0

    async def go() -> None:
        nonlocal used
        for number, (process, most, share, ending) in enumerate(attempts):
            try:
                one = await world.reserve(str(number), most, process)
            except GuardError:
                continue
            running.append((one, min(share, most)))
            for _ in range(min(ending, len(running))):
                ended, cost = running.pop(0)
                used += cost
                await ended.asettle(cost, 1)
            held = sum(one.cost or 0 for one, _ in running)
            assert used + held <= world.standing()[0] <= 300
        for ended, cost in running:
            used += cost
            await ended.asettle(cost, 1)

    run(go())
    world.close()
    assert world.standing() == (used, 0)


def test_attempts_that_begin_together_reach_the_limit_exactly(tmp_path: Path) -> None:
    world = World(tmp_path, limit=100)

    async def attempt(number: int) -> int:
        try:
            one = await world.reserve(str(number), 10)
        except GuardError:
            return 0
        await one.asettle(2, 1)
        return 2

    async def go() -> list[int]:
        found = []
        for first in range(0, 140, 7):
            found += await asyncio.gather(*map(attempt, range(first, first + 7)))
        return found

    # Seven times ten fit at once as long as less than 31 are used.
    used = sum(run(go()))
    world.close()
    assert 31 <= used <= 100
    assert world.standing() == (used, 0)


def test_an_attempt_that_is_cancelled_while_it_begins_leaves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def go() -> None:
        for turns in range(4):
            task = asyncio.create_task(world.reserve(str(turns), 60))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            done = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(done, Reservation):
                await done.arelease()
            else:
                assert isinstance(done, asyncio.CancelledError)

    run(go())
    world.close()
    assert world.standing() == (0, 0)
