"""The ledger in PostgreSQL, when the server is silent, gone, or not what it should be."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.runtime.guards.opening import open_ledger
from promptops.runtime.ledger import PRUNE_SECONDS, TIMEOUT_SECONDS, LedgerError
from tests.runtime.guards.pieces import WINDOW, charge

if TYPE_CHECKING:
    from promptops.runtime.ledger import Ledger
    from tests.postgres import Server

NOW = 3_999_999_000.0


@pytest.fixture
def ledger(empty_postgres: str, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """One whose outages are over at the next look, and that a busy machine does not stop."""
    from promptops.runtime.guards.postgres import PostgresLedger

    monkeypatch.setattr("promptops.runtime.guards.postgres.TIMEOUT_SECONDS", 60.0)
    ticks = itertools.count(step=TIMEOUT_SECONDS + PRUNE_SECONDS)
    return PostgresLedger(empty_postgres, monotonic=lambda: next(ticks))


def reserve(ledger: Ledger, key: str) -> None:
    assert ledger.reserve(key, [charge()], lease_seconds=60, now=NOW) is None


def used(ledger: Ledger) -> int:
    return ledger.spent([WINDOW], now=NOW)[WINDOW].used


def test_a_server_that_is_killed_and_comes_back_has_lost_nothing(
    ledger: Ledger, postgres: Server
) -> None:
    reserve(ledger, "a")
    postgres.kill()
    try:
        with pytest.raises(LedgerError, match="cannot be used"):
            reserve(ledger, "b")
    finally:
        postgres.start()
    reserve(ledger, "a")
    reserve(ledger, "b")
    assert used(ledger) == 14
    ledger.close()


def test_connections_that_broke_are_replaced(ledger: Ledger, empty_postgres: str) -> None:
    import psycopg

    reserve(ledger, "a")
    with psycopg.connect(empty_postgres, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'promptops'"
        )
    reserve(ledger, "a")
    assert used(ledger) == 7
    ledger.close()


def test_who_waits_too_long_for_others_is_told_so(
    ledger: Ledger, empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    reserve(ledger, "a")
    monkeypatch.setattr("promptops.runtime.guards.postgres.TIMEOUT_SECONDS", 0.1)
    with psycopg.connect(empty_postgres) as other:
        other.execute("SELECT promptops_ledger_lock(%s)", [[WINDOW]])
        with pytest.raises(LedgerError, match="does not answer"):
            reserve(ledger, "b")
    monkeypatch.setattr("promptops.runtime.guards.postgres.TIMEOUT_SECONDS", 60.0)
    reserve(ledger, "b")
    assert used(ledger) == 14
    ledger.close()


def test_a_server_that_never_answers_is_an_error_in_time(
    empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del empty_postgres
    monkeypatch.setattr("promptops.runtime.guards.postgres.TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ledger = open_ledger(f"postgresql://promptops@127.0.0.1:{port}/postgres")
        with pytest.raises(LedgerError, match="does not answer"):
            reserve(ledger, "a")


def test_old_windows_are_forgotten_by_the_clock_of_the_server(
    ledger: Ledger, empty_postgres: str
) -> None:
    import psycopg

    reserve(ledger, "a")
    with psycopg.connect(empty_postgres, autocommit=True) as other:
        other.execute("UPDATE promptops_ledger_windows SET kept_until = now() - interval '1s'")
        for number in range(2):
            ledger.reserve(str(number), [charge("w")], lease_seconds=9, now=4_500_000_000.0)
        assert ledger.spent([WINDOW], now=NOW) == {}
    ledger.close()


def test_a_newer_ledger_is_an_error(ledger: Ledger, empty_postgres: str) -> None:
    import psycopg

    reserve(ledger, "a")
    with psycopg.connect(empty_postgres, autocommit=True) as other:
        other.execute("INSERT INTO promptops_ledger_version VALUES (99)")
    with pytest.raises(LedgerError, match="has version 99"):
        reserve(open_ledger(empty_postgres), "b")
    ledger.close()


@pytest.mark.parametrize(
    "url", ["postgresql://u:hun@ter2:9@127.0.0.1:x/d", "postgresql://u:ter2@127.0.0.1:1/d?a=ter2"]
)
def test_errors_never_hold_the_password(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(PromptopsError) as caught:
        reserve(open_ledger(url), "a")
    assert "ter2" not in f"{caught.value.message}{caught.value.hint}"
