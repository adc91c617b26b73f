"""Erase, prune and re-encrypt stored data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.runtime.log.content import (
    escape,
    identity_mac,
    is_current,
    pack,
    to_json,
    unpack,
)
from promptops.runtime.log.hours import rolled_until
from promptops.runtime.log.identifiers import pack_id, unpack_id
from promptops.runtime.log.log import Removal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.runtime.log.database import Cursor
    from promptops.runtime.log.encryption import Keyring

# Tables with contents of runs, or their users.
TABLES = ("runs", "attempts", "events", "reviews", "feedback", "answers", "uses", "texts")
# Table, key and column of all encrypted data.
SEALED = (
    ("texts", "id", "body"),
    ("runs", "n", "error"),
    ("attempts", "run", "error"),
    ("events", "id", "detail"),
    ("reviews", "id", "answer"),
    ("reviews", "id", "note"),
    ("feedback", "id", "comment"),
    ("answers", "key", "body"),
    ("meta", "name", "value"),
)
_BATCH = 500
_ALL = 1 << 31


class Audit(NamedTuple):
    """The record of a removal: who did it, when and why.

    Attributes:
        id: the event's id.
        at: the time.
        by: the person who removed it.
        reason: the reason.
    """

    id: str
    at: float
    by: str
    reason: str


def erase_user(
    cursor: Cursor, user: str, secret: bytes, audit: Audit, keyring: Keyring | None
) -> Removal:
    """Remove the runs of a user, and runs started within them without another user."""
    rows = cursor.rows(
        "WITH RECURSIVE gone (n, id) AS (SELECT n, id FROM runs WHERE user_name = ?"
        " UNION SELECT runs.n, runs.id FROM runs JOIN gone ON runs.parent = gone.id"
        " WHERE runs.user_name IS NULL) SELECT n, id FROM gone",
        (escape(user),),
    )
    runs = [(int(number), bytes(run)) for number, run in rows]
    texts = _remove(cursor, runs)
    detail = {"user": identity_mac(user, secret), "runs": len(runs), "texts": texts}
    record(cursor, "erased", audit, detail, keyring)
    return Removal(len(runs), texts, tuple(unpack_id(run) for _, run in runs))


def record(
    cursor: Cursor, kind: str, audit: Audit, detail: Mapping[str, Any], keyring: Keyring | None
) -> None:
    """Record a removal."""
    data = to_json({"by": audit.by, "reason": audit.reason, **detail})
    cursor.run(
        "INSERT INTO events (id, at, kind, detail) VALUES (?, ?, ?, ?)",
        (pack_id(audit.id), round(audit.at * 1000), kind, pack(data, keyring)),
    )


_OLD = " FROM runs WHERE started < ? AND id NOT IN (SELECT run FROM reviews WHERE status = 'open')"


def prune_some(cursor: Cursor, before: float) -> Removal:
    """Remove some runs that started before a time in rolled-up hours; return the removal."""
    limit = min(round(before * 1000), rolled_until(cursor))
    rows = cursor.rows(f"SELECT n, id{_OLD} ORDER BY started LIMIT {_BATCH}", (limit,))
    runs = [(int(number), bytes(run)) for number, run in rows]
    return Removal(len(runs), _remove(cursor, runs))


def count_old(cursor: Cursor, before: float) -> Removal:
    """Count the runs that a prune would remove."""
    row = cursor.one(f"SELECT COUNT(*){_OLD}", (round(before * 1000),))
    return Removal(0 if row is None else int(row[0]), 0)


def _remove(cursor: Cursor, runs: Sequence[tuple[int, bytes]]) -> int:
    texts: set[int] = set()
    for number, run in runs:
        used = cursor.rows(
            "SELECT text FROM uses WHERE run = ? UNION ALL SELECT request FROM runs WHERE n = ?"
            " UNION ALL SELECT answer FROM runs WHERE n = ?",
            (number, number, number),
        )
        texts.update(int(one) for (one,) in used if one is not None)
        cursor.run("DELETE FROM uses WHERE run = ?", (number,))
        for table in ("attempts", "events", "reviews", "feedback", "answers"):
            cursor.run(f"DELETE FROM {table} WHERE run = ?", (run,))
        cursor.run("DELETE FROM runs WHERE n = ?", (number,))
    return drop_texts(cursor, sorted(texts))


def drop_texts(cursor: Cursor, texts: Sequence[int]) -> int:
    """Remove texts that no run uses; return their number."""
    return sum(
        cursor.run(
            "DELETE FROM texts WHERE id = ? AND NOT EXISTS (SELECT 1 FROM uses WHERE text = ?)",
            (text, text),
        )
        for text in texts
    )


def reseal(
    cursor: Cursor, place: tuple[str, str, str], last: object, keyring: Keyring, limit: int
) -> tuple[int, object]:
    """Encrypt some values with the first key; return the number changed, and the last key read."""
    table, key, column = place
    if table == "attempts":
        limit = _ALL  # several rows share a key, and few have an error
    after = f" AND {key} > ?" if last is not None else ""
    rows = list(
        cursor.rows(
            f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL{after}"
            f" ORDER BY {key} LIMIT {limit}",
            () if last is None else (last,),
        )
    )
    changed = 0
    for number, stored in rows:
        if table == "meta" and number != "secret":
            continue
        if not is_current(bytes(stored), keyring):
            data = pack(unpack(bytes(stored), keyring), keyring)
            cursor.run(
                f"UPDATE {table} SET {column} = ? WHERE {key} = ? AND {column} = ?",
                (data, number, stored),
            )
            changed += 1
    return changed, rows[-1][0] if len(rows) == limit else None
