"""Several addresses of one Redis: two real servers, of which one goes away."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.runtime.conversation.entries import (
    ConversationBounds,
    ConversationEntry,
    Owner,
)
from promptops.runtime.conversation.redis import RedisStore
from promptops.runtime.guards.redis import RedisLedger
from promptops.runtime.ledger import Charge
from promptops.runtime.log.log import LogError
from tests.redis import Server, find_program, serve_redis
from tests.stores import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator

redis = pytest.importorskip("redis", reason="needs redis: nox -s stores")

_PATIENCE_SECONDS = 30


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    """A server and its replica."""
    program = find_program()
    if program is None:
        leave_out("redis-server is not installed")
    with ExitStack() as stack:
        first = stack.enter_context(serve_redis(program))
        second = stack.enter_context(serve_redis(program))
        with redis.Redis.from_url(first.url) as client:
            # Otherwise it waits five seconds for further replicas.
            client.config_set("repl-diskless-sync-delay", 0)
        with redis.Redis.from_url(second.url) as client:
            client.replicaof("127.0.0.1", _port(first))
            until = time.monotonic() + _PATIENCE_SECONDS
            while client.info("replication")["master_link_status"] != "up":
                assert time.monotonic() < until
                time.sleep(0.05)
        yield first, second


def _port(server: Server) -> str:
    return server.url.rpartition(":")[2].partition("/")[0]


def _both(first: Server, second: Server) -> str:
    return f"redis://127.0.0.1:{_port(first)},127.0.0.1:{_port(second)}/3"


def _wait_for_copy(first: Server) -> None:
    with redis.Redis.from_url(first.url) as client:
        client.wait(1, _PATIENCE_SECONDS * 1000)


def _promote(server: Server) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.replicaof("NO", "ONE")


def _charges(now: float) -> list[Charge]:
    return [Charge("all/hour", 100, 7, "micros", int(now) + 3600, int(now) + 3660)]


@pytest.mark.slow
def test_counting_goes_on_where_the_replica_took_over(pair: tuple[Server, Server]) -> None:
    first, second = pair
    now = time.time()
    ledger = RedisLedger(_both(first, second))
    ledger.reset([], by="test", reason="a new ledger", now=now)
    assert ledger.reserve("a", _charges(now), lease_seconds=60, now=now) is None
    _wait_for_copy(first)
    first.kill()
    _promote(second)
    assert ledger.reserve("b", _charges(now), lease_seconds=60, now=now) is None
    assert [(one.window, one.used) for one in ledger.standings(now=now)] == [("all/hour", 14)]


@pytest.mark.slow
def test_a_replica_in_front_is_passed_over(pair: tuple[Server, Server]) -> None:
    first, second = pair
    now = time.time()
    ledger = RedisLedger(_both(second, first))
    ledger.reset([], by="test", reason="a new ledger", now=now)
    assert ledger.reserve("a", _charges(now), lease_seconds=60, now=now) is None


@pytest.mark.slow
def test_without_any_server_the_error_is_the_usual_one(pair: tuple[Server, Server]) -> None:
    from promptops.runtime.ledger import LedgerError

    first, second = pair
    ledger = RedisLedger(_both(first, second))
    first.kill()
    second.kill()
    with pytest.raises(LedgerError, match="the ledger in Redis cannot be used"):
        ledger.standings(now=time.time())


@pytest.mark.story
def test_a_conversation_goes_on_and_an_append_counts_once(pair: tuple[Server, Server]) -> None:
    first, second = pair
    now = time.time()
    store = RedisStore(_both(first, second))
    owner, bounds = Owner("ada", None), ConversationBounds(None, 10_000)
    entry = ConversationEntry("message", b"Hello.", "user", 3)
    store.append("c", [entry], owner=owner, bounds=bounds, now=now)
    _wait_for_copy(first)
    first.kill()
    with pytest.raises(LogError):
        # Nobody takes writes before the replica is told to.
        store.append("c", [entry], owner=owner, bounds=bounds, now=now)
    _promote(second)
    store.append("c", [entry], owner=owner, bounds=bounds, now=now)
    assert len(store.tail("c", owner=owner, tokens=100, now=now).messages) == 2


@pytest.mark.parametrize("url", ["redis://a,,b/0", "redis://a:x,b/0"])
def test_a_malformed_list_is_refused(url: str) -> None:
    with pytest.raises(PromptopsError, match="is not a Redis URL"):
        RedisLedger(url)
