"""What conversations in Redis promise beside what every store does."""

from __future__ import annotations

import pytest

from promptops.runtime.conversation.entries import ConversationBounds, ConversationEntry
from promptops.runtime.conversation.redis import PREFIX, RedisStore
from promptops.runtime.log.log import LogError
from tests.runtime.conversation.pieces import ANN, NOW, WIDE, say


def test_the_server_deletes_contents_by_itself(empty_redis: str) -> None:
    import redis

    store = RedisStore(empty_redis)
    with redis.Redis.from_url(empty_redis) as client:
        say(store, "one", bounds=ConversationBounds(3600, 1000))
        assert 3_500_000 < int(client.pttl(f"{PREFIX}bodies:c")) <= 3_600_000
        # The record of events stays.
        assert int(client.pttl(f"{PREFIX}rows:c")) == -1
        say(store, "two", bounds=ConversationBounds(None, 1000))
        assert int(client.pttl(f"{PREFIX}bodies:c")) == -1
    store.close()


def test_all_keys_are_in_one_slot_of_a_cluster(empty_redis: str) -> None:
    import redis

    store = RedisStore(empty_redis)
    say(store, "one", bounds=ConversationBounds(3600, 1000))
    store.append("d", [ConversationEntry("summary", b"x")], owner=ANN, bounds=WIDE, now=NOW)
    with redis.Redis.from_url(empty_redis) as client:
        keys = client.keys()
    assert len(keys) >= 8
    assert all(key.startswith(PREFIX.encode()) for key in keys)
    store.close()


def test_a_server_out_of_reach_is_said_without_a_password() -> None:
    pytest.importorskip("redis")
    store = RedisStore("redis://:hunter2@127.0.0.1:1/0")
    with pytest.raises(LogError, match="conversations in Redis cannot be used") as caught:
        say(store, "one")
    assert "hunter2" not in str(caught.value)
    store.close()
