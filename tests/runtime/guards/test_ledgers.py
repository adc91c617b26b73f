"""What every ledger promises, whichever store it is kept in."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.ledger import Charge, LedgerBusyError, Refusal, Settlement
from tests.runtime.guards.pieces import AMOUNT, ENDS_AT, LEASE_SECONDS, WINDOW, charge

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.ledger import Ledger

NOW = 3_999_999_000.0
LARGE = 2**53 - 1


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a store that is only slow answer, however busy the machine is."""
    for store in ("sqlite", "postgres"):
        monkeypatch.setattr(f"promptops.runtime.guards.{store}.TIMEOUT_SECONDS", 60.0)


def reserve(ledger: Ledger, key: str, *charges: Charge, now: float = NOW) -> Refusal | None:
    return ledger.reserve(key, charges, lease_seconds=LEASE_SECONDS, now=now)


def used(ledger: Ledger, window: str = WINDOW, now: float = NOW) -> tuple[int, int]:
    found = ledger.spent([window], now=now).get(window)
    return (0, 0) if found is None else (found.used, found.held)


def test_takes_up_to_the_limit_and_not_one_more(ledger: Ledger) -> None:
    assert reserve(ledger, "a", charge(amount=60)) is None
    assert reserve(ledger, "b", charge(amount=41)) == Refusal(WINDOW, 100, 60, ENDS_AT)
    assert reserve(ledger, "c", charge(amount=40)) is None
    assert reserve(ledger, "d", charge(amount=0)) is None
    assert reserve(ledger, "e", charge(amount=101)) == Refusal(WINDOW, 100, 100, None)
    assert used(ledger) == (100, 100)


def test_a_refusal_takes_nothing_from_any_window(ledger: Ledger) -> None:
    other = charge("calls/minute/user/é'\"\n;--/2096", amount=1, ends_at=ENDS_AT - 600)
    full = charge("spend/day/tenant/x/2096", amount=9, limit=8, ends_at=ENDS_AT + 600)
    refusal = reserve(ledger, "a", other, full, charge())
    assert refusal == Refusal(full.window, 8, 0, None)
    assert ledger.spent([other.window, full.window, WINDOW], now=NOW) == {}
    assert reserve(ledger, "a", other, charge()) is None
    found = {one.window: one.used for one in ledger.standings(now=NOW)}
    assert found == {other.window: 1, WINDOW: 7}
    # A window that has ended is not shown, and of several full ones the last to end is named.
    assert [one.window for one in ledger.standings(now=ENDS_AT - 600)] == [WINDOW]
    refusal = reserve(ledger, "b", other._replace(limit=1), charge(limit=13))
    assert refusal == Refusal(WINDOW, 13, 7, ENDS_AT)


def test_the_same_key_counts_once(ledger: Ledger) -> None:
    assert reserve(ledger, "a", charge()) is None
    assert reserve(ledger, "a", charge()) is None
    assert used(ledger) == (AMOUNT, AMOUNT)


def test_a_settlement_corrects_once(ledger: Ledger) -> None:
    tokens = Charge("tokens", 100, 50, "tokens", ENDS_AT, ENDS_AT + 1)
    reserve(ledger, "a", charge(), tokens)
    assert ledger.settle("a", {"micros": 20}, now=NOW)
    assert used(ledger) == (20, 0)
    assert used(ledger, "tokens") == (50, 0)
    assert not ledger.settle("a", {"micros": 1}, now=NOW)
    assert not ledger.settle("unknown", {"micros": 1}, now=NOW)
    assert used(ledger) == (20, 0)


def test_settlements_together_correct_each_once(ledger: Ledger) -> None:
    for key in ("a", "b", "c"):
        reserve(ledger, key, charge())
    settlements = [
        Settlement("b", {"micros": 2}),
        Settlement("a", {}),
        Settlement("unknown", {"micros": 9}),
    ]
    for _ in range(2):
        ledger.settle_all(settlements, now=NOW)
        assert used(ledger) == (2 * AMOUNT + 2, AMOUNT)
    ledger.settle_all([], now=NOW)


def test_a_release_gives_everything_back(ledger: Ledger) -> None:
    tokens = Charge("tokens", 100, 50, "tokens", ENDS_AT, ENDS_AT + 1)
    reserve(ledger, "a", charge(), tokens)
    assert ledger.release("a", now=NOW)
    assert used(ledger) == used(ledger, "tokens") == (0, 0)
    assert not ledger.release("a", now=NOW)


def test_an_expired_lease_stays_spent_until_a_late_settlement(ledger: Ledger) -> None:
    reserve(ledger, "a", charge(amount=90))
    late = NOW + LEASE_SECONDS
    assert used(ledger, now=late) == (90, 0)
    assert reserve(ledger, "b", charge(amount=11), now=late) is not None
    assert ledger.settle("a", {"micros": 10}, now=late + 600)
    assert used(ledger, now=late) == (10, 0)


def test_large_amounts_stay_exact(ledger: Ledger) -> None:
    most = charge(amount=LARGE - 1, limit=LARGE)
    assert reserve(ledger, "a", most) is None
    assert reserve(ledger, "b", charge(amount=2, limit=LARGE)) == Refusal(
        WINDOW, LARGE, LARGE - 1, ENDS_AT
    )
    assert reserve(ledger, "c", charge(amount=1, limit=LARGE)) is None
    assert used(ledger) == (LARGE, LARGE)
    ledger.settle("a", {"micros": LARGE - 3}, now=NOW)
    assert used(ledger) == (LARGE - 2, 1)


def test_a_reset_keeps_what_is_held_and_is_recorded(ledger: Ledger) -> None:
    reserve(ledger, "dead", charge(amount=30), now=NOW - 600)
    reserve(ledger, "done", charge(amount=20))
    ledger.settle("done", {}, now=NOW)
    reserve(ledger, "running", charge(amount=10), charge("other"))
    record = ledger.reset([WINDOW, "unknown"], by="Jané", reason='the "loop" is\nfixed', now=NOW)
    assert record == (NOW, "Jané", 'the "loop" is\nfixed', ((WINDOW, 60),))
    assert used(ledger) == (10, 10)
    assert used(ledger, "other") == (AMOUNT, AMOUNT)
    # The settlement of an attempt that was reset away takes nothing.
    ledger.settle("dead", {"micros": 1}, now=NOW)
    assert used(ledger) == (10, 10)
    ledger.settle("running", {"micros": 4}, now=NOW)
    assert used(ledger) == (4, 0)
    again = ledger.reset([], by="Jo", reason="twice", now=NOW + 1)
    assert list(ledger.resets()) == [again, record]


def test_notes_are_swapped_only_from_what_was_read(ledger: Ledger) -> None:
    swap, until = ledger.swap_note, NOW + 60
    assert ledger.read_note("n", now=NOW) is None
    assert not swap("n", "x", "1", until=until, now=NOW)
    assert swap("n", None, "1", until=until, now=NOW)
    assert not swap("n", None, "2", until=until, now=NOW)
    assert swap("n", "1", "é\n2", until=until, now=NOW)
    assert ledger.read_note("n", now=NOW) == "é\n2"
    assert swap("n", "é\n2", None, until=until, now=NOW)
    assert ledger.read_note("n", now=NOW) is None


def test_windows_outlive_a_clock_that_jumps_ahead_and_back(ledger: Ledger) -> None:
    soon = ENDS_AT - 10
    reserve(ledger, "a", charge(amount=60)._replace(kept_until=soon))
    for number in range(3):
        reserve(ledger, f"far/{number}", charge("far"), now=NOW + 10 * 365 * 86_400)
    assert used(ledger) == (60, 60)
    assert reserve(ledger, "b", charge(amount=41)) is not None


def test_threads_reach_the_limit_exactly(ledger: Ledger) -> None:
    with ThreadPoolExecutor(20) as pool:
        found = list(
            pool.map(lambda n: reserve(ledger, str(n), charge(amount=1, limit=60)), range(80))
        )
    assert found.count(None) == 60
    assert used(ledger) == (60, 60)


def test_two_of_a_place_see_the_same(open_one: Callable[[], Ledger]) -> None:
    one, two = open_one(), open_one()
    reserve(one, "a", charge(amount=60))
    assert reserve(two, "b", charge(amount=41)) is not None
    assert two.settle("a", {"micros": 1}, now=NOW)
    assert used(one) == (1, 0)
    one.close()
    assert used(one) == (1, 0)


def test_without_waiting_it_says_that_it_would_wait(open_one: Callable[[], Ledger]) -> None:
    with pytest.raises(LedgerBusyError):
        open_one().reserve("a", [charge()], lease_seconds=1, now=NOW, wait=False)


def start(place: str, limit: int, name: str, settled: int = 0) -> subprocess.Popen[str]:
    arguments = [place, str(limit), name, str(settled)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.guards.racer", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


@pytest.mark.story
def test_racing_processes_never_pass_the_limit(place: str, open_one: Callable[[], Ledger]) -> None:
    ledger, limit = open_one(), 400 * AMOUNT + 3
    racers = [start(place, limit, str(number), settled=10) for number in range(4)]
    lines: list[str] = []
    for racer in racers:
        out, err = racer.communicate(timeout=120)
        assert (racer.returncode, err) == (0, "")
        lines += out.splitlines()
    keys = [line for line in lines if not line.startswith("error")]
    assert len(keys) == len(set(keys))
    total, held = used(ledger, now=0)
    settled = len([key for key in keys if int(key.split("/")[1]) < 10])
    assert total == len(keys) * AMOUNT - settled
    assert held == (len(keys) - settled) * AMOUNT
    assert limit - AMOUNT < total <= limit


@pytest.mark.slow
def test_a_killed_process_loses_nothing_and_frees_by_lease(
    place: str, open_one: Callable[[], Ledger]
) -> None:
    ledger, limit = open_one(), 10**9
    racers = [start(place, limit, str(number), settled=20) for number in range(2)]
    keys: list[str] = []
    for racer in racers:
        assert racer.stdout is not None
        keys += [racer.stdout.readline().strip() for _ in range(50)]
    for racer in racers:
        racer.send_signal(signal.SIGKILL)
    for racer in racers:
        assert racer.stdout is not None
        keys += racer.stdout.read().splitlines()
        racer.communicate()
    keys = [key for key in keys if "/" in key]
    total, held = used(ledger, now=0)
    # A killed process may have been given one more than it could say, and settle one less.
    said = len(keys) * AMOUNT - 40
    assert said <= total <= said + 2 * (AMOUNT + 1)
    assert held >= (len(keys) - 40) * AMOUNT
    assert used(ledger, now=ENDS_AT) == (total, 0)
    # Nobody waits for a lock that a dead process held.
    assert reserve(ledger, "next", charge(limit=limit)) is None


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_goes_on_with_the_same_ledger(open_one: Callable[[], Ledger]) -> None:
    ledger = open_one()
    reserve(ledger, "parent", charge())
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(target=reserve, args=(ledger, f"child/{number}", charge()))
        for number in range(3)
    ]
    for child in children:
        child.start()
    reserve(ledger, "meanwhile", charge())
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert used(ledger) == (5 * AMOUNT, 5 * AMOUNT)
