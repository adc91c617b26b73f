"""The ledger in Redis, when the server is slow, gone, or has lost what it was told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.runtime.guards.opening import open_ledger
from promptops.runtime.ledger import TIMEOUT_SECONDS, LedgerError, LostCountsError
from tests.cli.running import accept, refuse
from tests.runtime.guards.pieces import WINDOW, charge

if TYPE_CHECKING:
    from promptops.runtime.ledger import Ledger
    from tests.redis import Server
    from tests.repositories import Repo

NOW = 3_999_999_000.0


class Ticks:
    """A clock that goes on at each look, so that an outage is over at the next one."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 2 * TIMEOUT_SECONDS
        return self.now


def reserve(ledger: Ledger, key: str) -> None:
    assert ledger.reserve(key, [charge()], lease_seconds=60, now=NOW) is None


def used(ledger: Ledger) -> int:
    return ledger.spent([WINDOW], now=NOW)[WINDOW].used


def open_at(url: str) -> Ledger:
    from promptops.runtime.guards.redis import RedisLedger

    return RedisLedger(url, monotonic=Ticks())


def test_nothing_is_reserved_until_somebody_begins_it(empty_redis: str) -> None:
    ledger = open_at(empty_redis)
    with pytest.raises(LostCountsError) as caught:
        reserve(ledger, "a")
    assert "promptops guards reset" in str(caught.value.hint)
    with pytest.raises(LostCountsError):
        ledger.standings(now=NOW)
    assert ledger.swap_note("breaker", None, "[]", until=NOW + 9, now=NOW)
    record = ledger.reset([], by="Jane", reason="the first one", now=NOW)
    assert record.windows == ()
    reserve(ledger, "a")
    assert used(ledger) == 7
    assert list(ledger.resets()) == [record]
    ledger.close()


def test_a_flush_is_noticed(begun_redis: str) -> None:
    import redis

    ledger = open_at(begun_redis)
    reserve(ledger, "a")
    with redis.Redis.from_url(begun_redis) as client:
        client.flushdb()
    with pytest.raises(LostCountsError):
        reserve(ledger, "b")
    assert not ledger.settle("a", {"micros": 1}, now=NOW)
    ledger.close()


def test_a_server_that_is_killed_and_comes_back_has_lost_nothing(
    begun_redis: str, redis_server: Server
) -> None:
    ledger = open_at(begun_redis)
    reserve(ledger, "a")
    redis_server.kill()
    try:
        with pytest.raises(LedgerError, match="cannot be used"):
            reserve(ledger, "b")
    finally:
        redis_server.start()
    reserve(ledger, "a")
    reserve(ledger, "b")
    assert used(ledger) == 14
    ledger.close()


def test_a_frozen_server_is_an_error_in_time_and_counts_once(
    begun_redis: str, redis_server: Server
) -> None:
    ledger = open_at(begun_redis)
    reserve(ledger, "a")
    redis_server.freeze()
    try:
        with pytest.raises(LedgerError, match=r"cannot be used: [Tt]imeout"):
            reserve(ledger, "b")
    finally:
        redis_server.thaw()
    # Both tries of the reservation reached the server all the same.
    reserve(ledger, "b")
    assert used(ledger) == 14
    ledger.close()


def test_an_outage_is_waited_for_once_not_at_each_question(
    begun_redis: str, redis_server: Server
) -> None:
    from promptops.runtime.guards.redis import RedisLedger

    ticks = [0.0]
    ledger = RedisLedger(begun_redis, monotonic=lambda: ticks[0])
    redis_server.kill()
    try:
        with pytest.raises(LedgerError, match="cannot be used"):
            reserve(ledger, "a")
    finally:
        redis_server.start()
    with pytest.raises(LedgerError, match="cannot be used"):
        ledger.read_note("n", now=NOW)
    ticks[0] += TIMEOUT_SECONDS
    assert ledger.read_note("n", now=NOW) is None
    ledger.close()


@pytest.mark.parametrize(
    "url", ["redis://:hun@ter2:9@127.0.0.1:x/0", "redis://127.0.0.1:99999999/0"]
)
def test_errors_never_hold_the_password(url: str) -> None:
    with pytest.raises(PromptopsError) as caught:
        reserve(open_ledger(url), "a")
    assert "ter2" not in f"{caught.value.message}{caught.value.hint}"


def test_keys_go_when_nobody_can_need_them(begun_redis: str) -> None:
    import redis

    ledger = open_at(begun_redis)
    now = time.time()
    one = charge(ends_at=int(now) + 60)
    ledger.reserve("a", [one], lease_seconds=60, now=now)
    ledger.swap_note("n", None, "x", until=now + 9, now=now)
    with redis.Redis.from_url(begun_redis, decode_responses=True) as client:
        forever = [key for key in client.keys("*") if client.ttl(key) == -1]
    assert sorted(key.partition("}:")[2] for key in forever) == ["epoch", "running", "windows"]
    ledger.close()


def test_a_person_begins_it(repo: Repo, empty_redis: str) -> None:
    repo.commit({"promptops.toml": f"[guards]\nspend_per_hour = 1\nledger = '{empty_redis}'\n"})
    assert "guards reset --reason" in refuse(repo, "guards", "show", code=2)
    begin = ("guards", "reset", "--reason", "the first one", "--yes")
    assert accept(repo, *begin).startswith(f"reset an empty ledger in {empty_redis}")
    assert "spend_per_hour" in accept(repo, "guards", "show")
