"""Cached answers in the log, for all processes that share it.

An answer is stored only if nothing in it would be redacted. It is removed with its run, so that an
erasure removes it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.runtime.log.content import from_json, pack, to_json, unpack
from promptops.runtime.log.identifiers import pack_id, unpack_id
from promptops.runtime.log.rows import upsert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.log.database import Cursor
    from promptops.runtime.log.encryption import Keyring

COLUMNS = ("key", "run", "until", "body")
_UPSERT = upsert("answers", COLUMNS, ("key",))
_MEGABYTE = 1 << 20
# The number of oldest answers that are dropped at once if there is no room.
_DROPPED = 100


class CachedAnswer(NamedTuple):
    """One answer to an identical request.

    Attributes:
        run_id: the run that got it.
        answer: the answer, as plain data.
    """

    run_id: str
    answer: Mapping[str, Any]


def find_answer(
    cursor: Cursor, key: bytes, keyring: Keyring | None, now: float
) -> CachedAnswer | None:
    """Return the answer stored under a key, unless it is too old."""
    row = cursor.one(
        "SELECT run, body FROM answers WHERE key = ? AND until > ?", (key, round(now * 1000))
    )
    if row is None:
        return None
    return CachedAnswer(unpack_id(row[0]), from_json(unpack(bytes(row[1]), keyring)))


def store_answer(
    cursor: Cursor, key: bytes, cached: CachedAnswer, until: float, keyring: Keyring | None
) -> None:
    """Store an answer until a time, replacing an older one with the same key."""
    body = pack(to_json(cached.answer), keyring)
    cursor.run(_UPSERT, (key, pack_id(cached.run_id), round(until * 1000), body))


def trim_answers(cursor: Cursor, now: float, megabytes: int) -> None:
    """Remove expired answers, and the oldest ones beyond `megabytes`."""
    cursor.run("DELETE FROM answers WHERE until <= ?", (round(now * 1000),))
    while True:
        row = cursor.one("SELECT COALESCE(SUM(LENGTH(body)), 0) FROM answers")
        if row is None or int(row[0]) <= megabytes * _MEGABYTE:
            return
        cursor.run(
            "DELETE FROM answers WHERE key IN"
            f" (SELECT key FROM answers ORDER BY until LIMIT {_DROPPED})"
        )
