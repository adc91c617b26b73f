"""Remove all data of a user from all stores, with a receipt."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.record import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.runtime.conversation.entries import ConversationStore
    from promptops.runtime.log.log import RunLog

# Places that promptops cannot reach; the receipt lists them.
NOT_REACHED = (
    "exports, snapshots and backups of the stores",
    "answers cached in running processes, until [cache] ttl ends",
    "committed suites and cassettes made from runs",
    "requests kept by providers",
)


class Receipt(NamedTuple):
    """The receipt of an erasure.

    Attributes:
        runs: the number of removed runs.
        texts: the number of removed texts, which no other run used.
        conversations: the number of erased conversations.
        document: the receipt as `promptops.erasure/v1`, with its digest.
    """

    runs: int
    texts: int
    conversations: int
    document: Mapping[str, Any]


def erase_everywhere(
    user: str,
    log: RunLog,
    stores: Mapping[str, ConversationStore],
    *,
    by: str,
    reason: str,
    now: float,
    random: Callable[[int], bytes],
) -> Receipt:
    """Remove a user's runs and conversations from all stores, and record the erasure.

    Args:
        user: the user.
        log: the run log, with its reviews and feedback.
        stores: the conversation stores, by their names in the receipt.
        by: the person who erases.
        reason: the reason.
        now: seconds since 1970.
        random: random bytes.

    After a failure it can be repeated; nothing is counted twice.

    Raises:
        LogError: a store is unusable, or its files cannot be cleaned now.
    """
    # A random key, so that the pseudonym cannot be matched with guessed names.
    mark = f"erased:{random(8).hex()}"
    conversations: dict[str, int] = {
        name: len(store.erase_user(user, mark, by=by, now=now)) for name, store in stores.items()
    }
    done = log.erase(user, by=by, reason=reason)
    body = {
        "schema": "promptops.erasure/v1",
        "at": _format(now),
        "by": by,
        "reason": reason,
        "mark": mark,
        "removed": {"runs": done.runs, "texts": done.texts, "conversations": conversations},
        "not_reached": list(NOT_REACHED),
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    document = {**body, "digest": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}
    log.event(Event(make_id(now, random(10)), now, "erasure_receipt", None, document))
    return Receipt(done.runs, done.texts, sum(conversations.values()), document)


def _format(now: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
