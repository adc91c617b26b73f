"""Conversations in Redis, shared by many machines.

Each change is one script, which Redis runs atomically. Messages are in a separate key, which Redis
deletes when the conversation expires; the record of events stays.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from promptops.runtime.conversation.entries import (
    MESSAGE,
    ConversationEvent,
    ConversationHead,
    ExpectedTail,
    Tail,
)
from promptops.runtime.conversation.sql import refuse_owner
from promptops.runtime.conversation.window import take_newest
from promptops.runtime.log.log import LogError
from promptops.runtime.stores.redis_hosts import RedisHosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from promptops.runtime.conversation.entries import ConversationBounds, ConversationEntry, Owner

# The braces keep all keys in one slot of a cluster.
PREFIX = "{promptops-conversations}:"
_HEAD = f"{PREFIX}head:"
_ROWS = f"{PREFIX}rows:"
_BODIES = f"{PREFIX}bodies:"
_USER = f"{PREFIX}user:"
_IDS = f"{PREFIX}ids"
_ENDS = f"{PREFIX}ends"
_WAIT_SECONDS = 1.0
_BATCH = 64

# KEYS: head, rows, bodies, ids, ends, user. ARGV: id, at, ttl, bytes, user, tenant, expected
# number, expected summary, then kind, role, tokens, by, covers and body of each entry.
_APPEND = """
local at, ttl, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local head = redis.call('HMGET', KEYS[1], 'n', 'kept', 'floor', 'summary', 'hand_over', 'ends',
  'user', 'tenant')
local function number(index, default) return tonumber(head[index] or default) end
local n, kept, floor = number(1, 0), number(2, 0), number(3, 1)
local summary, hand_over, ends = number(4, 0), number(5, 0), number(6, 0)
if head[1] then
  if head[7] ~= ARGV[5] or head[8] ~= ARGV[6] then return 'owner' end
else
  redis.call('HSET', KEYS[1], 'user', ARGV[5], 'tenant', ARGV[6], 'created', ARGV[2])
  if ARGV[5] ~= '-' then redis.call('SADD', KEYS[6], ARGV[1]) end
end
local function write(kind, role, tokens, size, by, covers)
  n = n + 1
  redis.call('RPUSH', KEYS[2], cjson.encode({n, at, kind, role, tokens, size, by, covers}))
end
if ends > 0 and ends <= at then
  redis.call('DEL', KEYS[3])
  write('expired', '', 0, 0, '', 0)
  kept, floor, summary, hand_over = 0, n + 1, 0, 0
end
local is_expected = true
if ARGV[7] ~= '' and tonumber(ARGV[7]) ~= n then is_expected = false end
if ARGV[8] ~= '' and tonumber(ARGV[8]) ~= summary then is_expected = false end
if is_expected then
  for i = 9, #ARGV, 6 do
    local kind, body = ARGV[i], ARGV[i + 5]
    write(kind, ARGV[i + 1], tonumber(ARGV[i + 2]), #body, ARGV[i + 3], tonumber(ARGV[i + 4]))
    redis.call('HSET', KEYS[3], n, body)
    if kind == 'message' then
      kept = kept + #body
    elseif kind == 'summary' then
      redis.call('HDEL', KEYS[3], summary)
      summary = n
    else
      redis.call('HDEL', KEYS[3], hand_over)
      hand_over = n
    end
  end
  if kept > most then
    local last = n
    while kept > most and floor < last do
      if floor ~= summary and floor ~= hand_over then
        kept = kept - redis.call('HSTRLEN', KEYS[3], floor)
        redis.call('HDEL', KEYS[3], floor)
      end
      floor = floor + 1
    end
    write('dropped', '', 0, 0, '', floor - 1)
  end
  if ttl > 0 then
    ends = at + ttl
    redis.call('PEXPIRE', KEYS[3], ttl)
    redis.call('ZADD', KEYS[5], ends, ARGV[1])
  else
    ends = 0
    redis.call('PERSIST', KEYS[3])
    redis.call('ZREM', KEYS[5], ARGV[1])
  end
else
  if kept == 0 then ends = 0 end
end
redis.call('HSET', KEYS[1], 'n', n, 'kept', kept, 'floor', floor, 'summary', summary,
  'hand_over', hand_over, 'ends', ends)
redis.call('ZADD', KEYS[4], at, ARGV[1])
if is_expected then return n end
return 'moved'
"""

# KEYS as above. ARGV: id, at, kind, by, mark ('' keeps the user).
_FORGET = """
local at = tonumber(ARGV[2])
local head = redis.call('HMGET', KEYS[1], 'n', 'ends', 'user')
if not head[1] then return 0 end
local ends = tonumber(head[2] or 0)
redis.call('ZREM', KEYS[5], ARGV[1])
if ARGV[3] == 'expired' and (ends == 0 or ends > at) then
  if ends > 0 then redis.call('ZADD', KEYS[5], ends, ARGV[1]) end
  return 0
end
local n = tonumber(head[1]) + 1
redis.call('DEL', KEYS[3])
if ARGV[5] ~= '' then
  local rows = redis.call('LRANGE', KEYS[2], 0, -1)
  for i, text in ipairs(rows) do
    local row = cjson.decode(text)
    if row[7] == head[3]:sub(2) then
      row[7] = ARGV[5]
      redis.call('LSET', KEYS[2], i - 1, cjson.encode(row))
    end
  end
  redis.call('HSET', KEYS[1], 'user', '+' .. ARGV[5])
  redis.call('SREM', KEYS[6], ARGV[1])
end
redis.call('RPUSH', KEYS[2], cjson.encode({n, at, ARGV[3], '', 0, 0, ARGV[4], 0}))
redis.call('HSET', KEYS[1], 'n', n, 'kept', 0, 'floor', n + 1, 'summary', 0, 'hand_over', 0,
  'ends', 0)
redis.call('ZADD', KEYS[4], at, ARGV[1])
return 1
"""

# KEYS: head, rows, bodies. ARGV: number, old body, new body.
_RESEAL = """
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
local row = cjson.decode(redis.call('LINDEX', KEYS[2], tonumber(ARGV[1]) - 1))
if row[3] == 'message' then redis.call('HINCRBY', KEYS[1], 'kept', #ARGV[3] - #ARGV[2]) end
return 1
"""


class RedisStore:
    """Conversations in one database of a Redis server."""

    def __init__(self, url: str) -> None:
        """Store the URL (`redis://` or `rediss://`).

        Raises PromptopsError if the package is missing.
        """
        self._hosts = RedisHosts(url, "the store of conversations", wait_seconds=_WAIT_SECONDS)
        self._redis = self._hosts.client
        self._append = self._redis.register_script(_APPEND)
        self._forget = self._redis.register_script(_FORGET)
        self._reseal = self._redis.register_script(_RESEAL)

    def append(
        self,
        conversation: str,
        entries: Sequence[ConversationEntry],
        *,
        owner: Owner,
        bounds: ConversationBounds,
        now: float,
        expected: ExpectedTail = ExpectedTail(),  # noqa: B008 - a constant
    ) -> int | None:
        """Append entries atomically; see `ConversationStore`."""
        values: list[Any] = [
            conversation,
            round(now * 1000),
            0 if bounds.ttl_seconds is None else round(bounds.ttl_seconds * 1000),
            bounds.bytes,
            _mark(owner.user),
            _mark(owner.tenant),
            "" if expected.number is None else expected.number,
            "" if expected.summary is None else expected.summary,
        ]
        for one in entries:
            values += [one.kind, one.role, one.tokens, one.by, one.covers, one.body]
        keys = _keys(conversation, owner.user)
        done = self._ask(lambda: self._append(keys=keys, args=values))
        if done == b"owner":
            raise refuse_owner(conversation)
        return None if done == b"moved" else int(done)

    def tail(self, conversation: str, *, owner: Owner, tokens: int, now: float) -> Tail:
        """Return the newest messages that fit into `tokens`; see `ConversationStore`."""
        fields = ("n", "floor", "summary", "hand_over", "ends", "user", "tenant")
        found = self._ask(lambda: self._redis.hmget(_HEAD + conversation, fields))
        if found[0] is None:
            return Tail()
        if (found[5].decode(), found[6].decode()) != (_mark(owner.user), _mark(owner.tenant)):
            raise refuse_owner(conversation)
        number, floor, summary_at, hand_over_at, ends = (int(one or 0) for one in found[:5])
        if ends and ends <= round(now * 1000):
            return Tail(number)
        summary = self._row(conversation, summary_at)
        hand_over = self._row(conversation, hand_over_at)
        after = floor - 1 if summary is None else max(summary.covers, floor - 1)
        messages, is_cut = take_newest(self._walk(conversation, after, number + 1), tokens)
        return Tail(number, tuple(messages), is_cut, summary, hand_over)

    def between(
        self, conversation: str, after: int, before: int, *, limit: int
    ) -> Sequence[ConversationEvent]:
        """Return the newest `limit` messages between two rows; see `ConversationStore`."""
        found: list[ConversationEvent] = []
        last = int(self._ask(lambda: self._redis.llen(_ROWS + conversation)))
        for row in self._walk(conversation, after, min(before, last + 1)):
            if len(found) == limit:
                break
            found.append(row)
        return found[::-1]

    def rows(self, conversation: str, *, limit: int = 1000) -> Sequence[ConversationEvent]:
        """Return a conversation's rows; see `ConversationStore`."""
        texts = self._ask(lambda: self._redis.lrange(_ROWS + conversation, -limit, -1))
        return [_make_row(text, None) for text in texts]

    def find(self, conversation: str) -> ConversationHead | None:
        """Return one conversation; see `ConversationStore`."""
        found = self._heads(lambda: [conversation.encode()])
        return found[0] if found else None

    def contents(self, conversation: str, *, now: float) -> Sequence[ConversationEvent]:
        """Return the rows that still have contents; see `ConversationStore`."""
        ends = self._ask(lambda: self._redis.hget(_HEAD + conversation, "ends"))
        if int(ends or 0) and int(ends) <= round(now * 1000):
            return []

        def look() -> Any:  # noqa: ANN401
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.lrange(_ROWS + conversation, 0, -1)
                pipe.hgetall(_BODIES + conversation)
                return pipe.execute()

        texts, bodies = self._ask(look)
        rows = (_make_row(text, bodies.get(str(at).encode())) for at, text in enumerate(texts, 1))
        return [row for row in rows if row.body is not None]

    def list(self, *, user: str | None = None, limit: int = 50) -> Sequence[ConversationHead]:
        """Return conversations; see `ConversationStore`."""

        def names() -> list[bytes]:
            if user is None:
                return list(self._redis.zrevrange(_IDS, 0, limit - 1))
            return sorted(self._redis.smembers(_USER + user))

        return self._heads(names)[:limit]

    def _heads(self, find_names: Callable[[], Sequence[bytes]]) -> Sequence[ConversationHead]:
        def look() -> list[Any]:
            names = find_names()
            with self._redis.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.hmget(_HEAD + name.decode(), "user", "tenant", "created", "n")
                    pipe.zscore(_IDS, name)
                found = pipe.execute()
            return [(name, *found[2 * i], found[2 * i + 1]) for i, name in enumerate(names)]

        heads = [
            ConversationHead(
                name.decode(),
                _unmark(owner),
                _unmark(tenant),
                int(created) / 1000,
                int(number),
                float(at) / 1000,
            )
            for name, owner, tenant, created, number, at in self._ask(look)
            if number is not None and at is not None
        ]
        heads.sort(key=lambda one: (-one.at, one.id))
        return heads

    def expire(self, now: float) -> int:
        """Delete the contents of expired conversations; see `ConversationStore`."""
        at = round(now * 1000)
        names = self._ask(lambda: self._redis.zrangebyscore(_ENDS, "-inf", at))
        count = 0
        for name in names:
            conversation = name.decode()
            values = [conversation, at, "expired", "", ""]
            count += self._forget_one(_keys(conversation, None), values)
        return count

    def reseal(self, change: Callable[[bytes], bytes | None]) -> int:
        """Replace the contents of all rows; see `ConversationStore`."""
        count = 0
        # Rows that are written meanwhile use their writer's first key.
        for name in self._ask(lambda: [one for one, _ in self._redis.zscan_iter(_IDS)]):
            count += self._reseal_one(name.decode(), change)
        return count

    def erase(self, conversation: str, *, by: str, now: float) -> bool:
        """Delete the contents of a conversation; see `ConversationStore`."""
        values = [conversation, round(now * 1000), "erased", by, ""]
        return bool(self._forget_one(_keys(conversation, None), values))

    def erase_user(self, user: str, mark: str, *, by: str, now: float) -> Sequence[str]:
        """Delete the contents of a user's conversations; see `ConversationStore`."""
        names = sorted(
            name.decode() for name in self._ask(lambda: self._redis.smembers(_USER + user))
        )
        for name in names:
            values = [name, round(now * 1000), "erased", by, mark]
            self._forget_one(_keys(name, user), values)
        return names

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _forget_one(self, keys: Sequence[str], values: Sequence[Any]) -> int:
        return int(self._ask(lambda: self._forget(keys=keys, args=values)))

    def _reseal_one(self, conversation: str, change: Callable[[bytes], bytes | None]) -> int:
        head, rows, bodies = _keys(conversation, None)[:3]
        count = 0
        for number, body in self._ask(lambda: self._redis.hgetall(bodies)).items():
            new = change(body)
            if new is not None:
                call = partial(self._reseal, keys=[head, rows, bodies], args=[number, body, new])
                count += int(self._ask(call))
        return count

    def _row(self, conversation: str, number: int) -> ConversationEvent | None:
        if not number:
            return None
        text = self._ask(lambda: self._redis.lindex(_ROWS + conversation, number - 1))
        body = self._ask(lambda: self._redis.hget(_BODIES + conversation, str(number)))
        return None if text is None or body is None else _make_row(text, body)

    def _walk(self, conversation: str, after: int, before: int) -> Iterator[ConversationEvent]:
        """Yield the messages between two rows, newest first, read in batches."""
        while before > after + 1:
            first = max(after + 1, before - _BATCH)
            numbers = [str(number) for number in range(first, before)]

            def look(first: int = first, before: int = before, names: list[str] = numbers) -> Any:  # noqa: ANN401
                with self._redis.pipeline(transaction=True) as pipe:
                    pipe.lrange(_ROWS + conversation, first - 1, before - 2)
                    pipe.hmget(_BODIES + conversation, names)
                    return pipe.execute()

            texts, bodies = self._ask(look)
            for text, body in reversed(list(zip(texts, bodies, strict=False))):
                row = _make_row(text, body)
                if row.kind == MESSAGE and body is not None:
                    yield row
            before = first

    def _ask(self, question: Callable[[], Any]) -> Any:  # noqa: ANN401 - each has its answer
        """Send a command once: an append whose answer was lost must not be repeated."""
        try:
            self._hosts.find_writable()
            return question()
        except self._hosts.errors as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise LogError(
                f"the store of conversations in Redis cannot be used: {lines[0]}",
                hint="check that the server runs and accepts connections",
            ) from error


def _keys(conversation: str, user: str | None) -> list[str]:
    return [
        _HEAD + conversation,
        _ROWS + conversation,
        _BODIES + conversation,
        _IDS,
        _ENDS,
        _USER + (user or ""),
    ]


def _mark(name: str | None) -> str:
    """Return a name as stored; None is distinct from every name."""
    return "-" if name is None else f"+{name}"


def _unmark(kept: bytes) -> str | None:
    text = kept.decode()
    return None if text == "-" else text[1:]


def _make_row(text: bytes, body: bytes | None) -> ConversationEvent:
    number, at, kind, role, tokens, size, by, covers = json.loads(text)
    return ConversationEvent(
        int(number), at / 1000, kind, role, int(tokens), int(size), by, int(covers), body
    )
