"""A ledger in Redis, shared by the processes of many machines.

Each call is one script, which Redis runs atomically. Keys expire by the server's clock, so a
client's clock cannot empty a window early.

Redis may lose its data: after a restart without persistence, a flush, or by eviction. A key that
never expires, the epoch, detects this: if it is missing, nothing is reserved until the ledger is
restarted by a reset. Amounts are integers below 2**53, which Lua represents exactly; as text they
never pass through Lua's number formatting.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from promptops.runtime.guards.outage import Outage
from promptops.runtime.ledger import (
    LATE_SECONDS,
    Ledger,
    LedgerBusyError,
    LedgerError,
    LostCountsError,
    Reset,
    Standing,
    refuse,
)
from promptops.runtime.stores.redis_hosts import RedisHosts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.ledger import Charge, Refusal, Unit

# The braces keep all keys in one slot of a cluster.
PREFIX = "{promptops-ledger}:"
EPOCH = f"{PREFIX}epoch"
_WINDOW = f"{PREFIX}window:"
_RESERVATION = f"{PREFIX}reservation:"
_NOTE = f"{PREFIX}note:"
_WINDOWS = f"{PREFIX}windows"
_RUNNING = f"{PREFIX}running"
_RESETS = f"{PREFIX}resets"
# Two attempts together stay below TIMEOUT_SECONDS.
_WAIT_SECONDS = 0.4
_MIN_KEPT_SECONDS = 60
_MAX_RESETS = 1000

_RESERVE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return {'lost'} end
if redis.call('EXISTS', KEYS[2]) == 1 then return {'taken'} end
local count = #KEYS - 4
local result, is_full = {'full'}, false
for i = 1, count do
  local at = 6 + (i - 1) * 6
  local before = redis.call('HGET', KEYS[4 + i], 'used') or '0'
  local amount = tonumber(ARGV[at + 2])
  if amount > 0 and tonumber(before) + amount > tonumber(ARGV[at + 1]) then is_full = true end
  result[i + 1] = before
end
if is_full then return result end
for i = 1, count do
  local key, at = KEYS[4 + i], 6 + (i - 1) * 6
  redis.call('HINCRBY', key, 'used', ARGV[at + 2])
  if redis.call('HSETNX', key, 'ends_at', ARGV[at + 3]) == 1 then
    redis.call('EXPIRE', key, ARGV[at + 5])
    redis.call('ZADD', KEYS[4], ARGV[at + 4], ARGV[at])
  end
end
redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[5])
local function tidy(index, prefix, score)
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', score, 'LIMIT', 0, 20)) do
    if redis.call('EXISTS', prefix .. name) == 0 then redis.call('ZREM', index, name) end
  end
end
tidy(KEYS[3], 'PREFIXreservation:', ARGV[1])
tidy(KEYS[4], 'PREFIXwindow:', ARGV[1])
return {'ok'}
""".replace("PREFIX", PREFIX)

_SETTLE = """
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
local amounts = cjson.decode(ARGV[2])
for _, one in ipairs(cjson.decode(text)) do
  local key, amount = 'PREFIXwindow:' .. one[1], amounts[one[3]]
  if amount then
    local difference = tonumber(amount) - tonumber(one[2])
    if difference ~= 0 and redis.call('EXISTS', key) == 1 then
      redis.call('HINCRBY', key, 'used', string.format('%.0f', difference))
    end
  end
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
""".replace("PREFIX", PREFIX)

_RESET = """
local now, held, chosen = tonumber(ARGV[1]), {}, {}
for i = 6, #ARGV do chosen[ARGV[i]] = true end
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = 'PREFIXreservation:' .. name
  local text = redis.call('GET', key)
  if text then
    local is_running = tonumber(redis.call('ZSCORE', KEYS[1], name)) > now
    local kept = {}
    for _, one in ipairs(cjson.decode(text)) do
      if is_running then
        held[one[1]] = (held[one[1]] or 0) + tonumber(one[2])
      elseif not chosen[one[1]] then
        kept[#kept + 1] = one
      end
    end
    if not is_running then redis.call('SET', key, cjson.encode(kept), 'KEEPTTL') end
  end
end
local before = {}
for i = 6, #ARGV do
  local key = 'PREFIXwindow:' .. ARGV[i]
  local used = redis.call('HGET', key, 'used')
  if used then
    before[#before + 1] = {ARGV[i], used}
    redis.call('HSET', key, 'used', string.format('%.0f', held[ARGV[i]] or 0))
  end
end
redis.call('SET', KEYS[3], ARGV[2], 'NX')
local record = cjson.encode({at = ARGV[1], by = ARGV[3], reason = ARGV[4], windows = before})
redis.call('LPUSH', KEYS[2], record)
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
return record
""".replace("PREFIX", PREFIX)

_RESTORE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local windows = {}
for i = 6, #ARGV, 5 do
  local key = 'PREFIXwindow:' .. ARGV[i]
  local used = redis.call('HGET', key, 'used') or '0'
  if tonumber(ARGV[i + 1]) > tonumber(used) then used = ARGV[i + 1] end
  redis.call('HSET', key, 'used', used, 'ends_at', ARGV[i + 2])
  redis.call('EXPIRE', key, ARGV[i + 4])
  redis.call('ZADD', KEYS[3], ARGV[i + 3], ARGV[i])
  windows[#windows + 1] = {ARGV[i], used}
end
redis.call('SET', KEYS[1], ARGV[2])
local record = cjson.encode({at = ARGV[1], by = ARGV[3], reason = ARGV[4], windows = windows})
redis.call('LPUSH', KEYS[2], record)
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
return record
""".replace("PREFIX", PREFIX)

_SWAP = """
local found = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if found then return 0 end
elseif found ~= ARGV[2] then
  return 0
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
return 1
"""


class RedisLedger(Ledger):
    """A ledger in one database of a Redis server."""

    is_remote = True

    def __init__(self, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Store the URL (`redis://` or `rediss://`) and a monotonic clock.

        Raises PromptopsError if the package is missing or the URL is malformed.
        """
        self._hosts = RedisHosts(url, "the ledger", wait_seconds=_WAIT_SECONDS, decodes=True)
        self._redis = self._hosts.client
        self._monotonic = monotonic
        self._outage = Outage(monotonic)
        scripts = (_RESERVE, _SETTLE, _RESET, _RESTORE, _SWAP)
        self._reserve, self._settle, self._reset, self._restore, self._swap = map(
            self._redis.register_script, scripts
        )

    def reserve(
        self,
        key: str,
        charges: Sequence[Charge],
        *,
        lease_seconds: float,
        now: float,
        wait: bool = True,
    ) -> Refusal | None:
        """Reserve all charges or none; see `Ledger`."""
        kept = json.dumps([[one.window, str(one.amount), one.unit] for one in charges])
        keys = [EPOCH, _RESERVATION + key, _RUNNING, _WINDOWS]
        values = [now, now + lease_seconds, int(lease_seconds) + LATE_SECONDS, kept, key]
        for one in charges:
            keys.append(_WINDOW + one.window)
            seconds = max(_MIN_KEPT_SECONDS, int(one.kept_until - now))
            values += [one.window, one.limit, one.amount, one.ends_at, one.kept_until, seconds]
        answer = self._ask(lambda: self._reserve(keys=keys, args=values), wait=wait)
        if answer[0] == "lost":
            raise _lost_counts()
        if answer[0] != "full":
            return None
        used = {one.window: int(text) for one, text in zip(charges, answer[1:], strict=True)}
        return refuse(charges, used)

    def settle(
        self,
        key: str,
        amounts: Mapping[Unit, int],
        *,
        now: float,  # noqa: ARG002 - a settlement is never too late here
        wait: bool = True,
    ) -> bool:
        """Replace the reservation of `key` by the actual use; see `Ledger`."""
        keys = [_RESERVATION + key, _RUNNING]
        texts = json.dumps({unit: str(amount) for unit, amount in amounts.items()})
        answer = self._ask(lambda: self._settle(keys=keys, args=[key, texts]), wait=wait)
        return bool(answer)

    def release(self, key: str, *, now: float, wait: bool = True) -> bool:
        """Delete the reservation of `key`; see `Ledger`."""
        return self.settle(key, {"micros": 0, "calls": 0, "tokens": 0}, now=now, wait=wait)

    def spent(self, windows: Sequence[str], *, now: float) -> Mapping[str, Standing]:
        """Return the use of these windows; see `Ledger`."""
        return {one.window: one for one in self._ask(lambda: self._look(windows, now))}

    def standings(self, *, now: float) -> Sequence[Standing]:
        """Return every window that has not ended; see `Ledger`."""

        def look() -> list[Standing]:
            names = self._redis.zrangebyscore(_WINDOWS, f"({now}", "+inf")
            return [one for one in self._look(sorted(names), now) if one.ends_at > now]

        found: list[Standing] = self._ask(look)
        return found

    def reset(self, windows: Sequence[str], *, by: str, reason: str, now: float) -> Reset:
        """Reset windows to the reservations of running attempts; see `Ledger`."""
        values = [repr(now), repr(time.time()), by, reason, _MAX_RESETS, *windows]
        keys = [_RUNNING, _RESETS, EPOCH]
        return _read_reset(self._ask(lambda: self._reset(keys=keys, args=values)))

    def restore(self, charges: Sequence[Charge], *, by: str, reason: str, now: float) -> Reset:
        """Restart a ledger that lost its counts, with these amounts; see `LosableLedger`."""
        values: list[object] = [repr(now), repr(time.time()), by, reason, _MAX_RESETS]
        for one in charges:
            seconds = max(_MIN_KEPT_SECONDS, int(one.kept_until - now))
            values += [one.window, one.amount, one.ends_at, one.kept_until, seconds]
        keys = [EPOCH, _RESETS, _WINDOWS]
        text = self._ask(lambda: self._restore(keys=keys, args=values))
        if text is None:
            raise LedgerError(
                "the ledger in Redis was reset meanwhile",
                hint="run promptops guards show --resets to see by whom",
            )
        return _read_reset(text)

    def resets(self) -> Sequence[Reset]:
        """Return the recorded resets, newest first; see `Ledger`."""
        return [_read_reset(one) for one in self._ask(lambda: self._redis.lrange(_RESETS, 0, -1))]

    def read_note(self, key: str, *, now: float, wait: bool = True) -> str | None:  # noqa: ARG002
        """Return the note's text; see `Ledger`."""
        text: str | None = self._ask(lambda: self._redis.get(_NOTE + key), wait=wait)
        return text

    def swap_note(
        self,
        key: str,
        expected: str | None,
        value: str | None,
        *,
        until: float,
        now: float,
        wait: bool = True,
    ) -> bool:
        """Replace a note if it still reads `expected`; see `Ledger`."""
        values = [
            *("0" if expected is None else "1", expected or ""),
            *("0" if value is None else "1", value or ""),
            max(1, int((until - now) * 1000)),
        ]
        answer = self._ask(lambda: self._swap(keys=[_NOTE + key], args=values), wait=wait)
        return bool(answer)

    def read_settings(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return settings of the server's configuration by their names."""
        found: dict[str, str] = self._ask(lambda: self._redis.config_get(*names))
        return found

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        self._redis.close()

    def _ask(self, question: Callable[[], Any], *, wait: bool = True) -> Any:  # noqa: ANN401
        """Execute a call, and repeat it at the next address if its answer was lost."""
        if not wait:
            raise LedgerBusyError("the ledger is reached over the network")
        self._outage.check()
        # Once more than there are addresses, to survive a short failure of the only writable one.
        for left in range(self._hosts.count, -1, -1):
            try:
                answer = question()
            except self._hosts.errors as error:
                is_gone = isinstance(error, self._hosts.failures)
                if is_gone and left:
                    self._hosts.go_on()
                    continue
                found = LedgerError(
                    f"the ledger in Redis cannot be used: {_first_line(error)}",
                    hint="check that the server runs and accepts connections",
                )
                if is_gone:
                    self._outage.begin(found)
                raise found from error
            self._outage.end()
            return answer
        raise AssertionError("unreachable")

    def _look(self, windows: Sequence[str], now: float) -> list[Standing]:
        with self._redis.pipeline() as pipe:
            pipe.exists(EPOCH)
            pipe.zrangebyscore(_RUNNING, f"({now}", "+inf")
            for name in windows:
                pipe.hmget(_WINDOW + name, "used", "ends_at")
            is_begun, running, *rows = pipe.execute()
        if not is_begun:
            raise _lost_counts()
        held: dict[str, int] = {}
        if running:
            for text in self._redis.mget([_RESERVATION + name for name in running]):
                for window, amount, _ in json.loads(text or "[]"):
                    held[window] = held.get(window, 0) + int(amount)
        return [
            Standing(name, int(used), held.get(name, 0), int(ends_at))
            for name, (used, ends_at) in zip(windows, rows, strict=True)
            if used is not None
        ]


def _lost_counts() -> LostCountsError:
    return LostCountsError(
        "the ledger in Redis was never initialized, or lost its counts",
        hint="check the spending, then run promptops guards reset --reason TEXT",
    )


def _read_reset(text: str) -> Reset:
    record = json.loads(text)
    # Lua writes an empty list as {}.
    windows = tuple((name, int(used)) for name, used in list(record["windows"]))
    return Reset(float(record["at"]), record["by"], record["reason"], windows)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
