"""The ledger in a file, when the file is not as it should be."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.guards import GuardSettings, Limits
from promptops.runtime.guards.guard import Guards
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.guards.sqlite import SqliteLedger
from promptops.runtime.guards.windows import Scope
from promptops.runtime.ledger import LedgerBusyError, LedgerError
from tests.runtime.guards.pieces import WINDOW, charge

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


def reserve(ledger: SqliteLedger, key: str, now: float = NOW) -> None:
    assert ledger.reserve(key, [charge(ends_at=1_000_100)], lease_seconds=9, now=now) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(path: Path) -> None:
    reserve(SqliteLedger(path), "a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_went_away_is_made_anew_for_everybody(path: Path) -> None:
    one, two = SqliteLedger(path), SqliteLedger(path)
    reserve(one, "a")
    reserve(two, "b")
    for file in path.parent.iterdir():
        file.unlink()
    reserve(one, "c")
    reserve(two, "d")
    assert two.spent([WINDOW], now=NOW)[WINDOW].used == 14
    one.close()
    two.close()


@pytest.mark.slow
def test_a_lock_that_stays_is_an_error_within_its_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.runtime.guards.sqlite.TIMEOUT_SECONDS", 0.05)
    ledger = SqliteLedger(path)
    reserve(ledger, "a")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="locked"):
            reserve(ledger, "b")
        with pytest.raises(LedgerBusyError):
            ledger.settle("a", {"micros": 1}, now=NOW, wait=False)
        # Whoever only reads need not wait.
        assert ledger.spent([WINDOW], now=NOW)[WINDOW].used == 7
    assert ledger.settle("a", {"micros": 1}, now=NOW, wait=False)


@pytest.mark.parametrize("content", [b"no database, but a text of some length " * 50, b"x" * 8192])
def test_what_is_no_ledger_is_an_error(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged or not a ledger"):
        reserve(SqliteLedger(path), "a")
    assert path.read_bytes() == content


def test_a_newer_ledger_is_an_error(path: Path) -> None:
    reserve(SqliteLedger(path), "a")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="has version 99"):
        reserve(SqliteLedger(path), "b")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LedgerError, match="cannot be used"):
        reserve(SqliteLedger(tmp_path / "file" / "ledger.db"), "a")


def test_forgets_old_windows_but_not_faster_than_clocks_go(path: Path) -> None:
    ticks = [0.0]
    ledger = SqliteLedger(path, monotonic=lambda: ticks[0])
    reserve(ledger, "a")
    old = 1_000_100 + 86_400 + 1
    # A clock that is a day ahead is believed for ten minutes a minute.
    for minute in range(1, 146):
        ticks[0] = minute * 61
        reserve(ledger, f"far/{minute}", now=float(old))
        ledger.settle(f"far/{minute}", {"micros": 0}, now=NOW)
        horizon = NOW + 600 * minute
        left = ledger.spent([WINDOW], now=NOW)
        assert (WINDOW in left) == (horizon <= old)
        if not left:
            break
    else:
        pytest.fail("nothing was forgotten")


@pytest.mark.story
def test_ten_thousand_users_at_their_limits(path: Path) -> None:
    settings = GuardSettings(
        limits=Limits(spend_per_hour=10**9), per_user=Limits(spend_per_hour=10), is_strict=True
    )
    ledger = SqliteLedger(path)
    guards = Guards(settings, ledger, clock=lambda: NOW)

    def reserve(user: str, key: str) -> None:
        scope = Scope("production", "a", user=user)
        guards.reserve(scope, key=key, cost=6, tokens=1, lease_seconds=60)

    users = [f"user-{number}@example.com" for number in range(10_000)]
    for user in users:
        reserve(user, user)
    for user in users[::100]:
        with pytest.raises(GuardError) as caught:
            reserve(user, f"{user}/2")
        assert caught.value.guard == "guards.per_user.spend_per_hour"
    (everybody,) = [one for one in guards.standings() if one.who == "global"]
    assert everybody.spent == 60_000
    assert path.stat().st_size < 10_000_000
    guards.close()
