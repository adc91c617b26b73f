"""What rows say: found, read and encrypted anew in every store."""

from __future__ import annotations

import base64
import threading
from typing import Any

from promptops.runtime.conversation.bodies import open_body, rotate, seal_body
from promptops.runtime.conversation.entries import (
    MESSAGE,
    SUMMARY,
    ConversationBounds,
    ConversationEntry,
    Owner,
)
from promptops.runtime.conversation.opening import open_conversations
from promptops.runtime.log.encryption import Keyring, read_keys

FIRST = base64.b64encode(b"1" * 32).decode()
SECOND = base64.b64encode(b"2" * 32).decode()


def keys(*texts: str) -> Keyring:
    return read_keys("TALK_KEY", ",".join(texts), lambda count: b"n" * count, "the store")


def test_every_store_finds_reads_and_reseals(place: str) -> None:
    store = open_conversations(place)
    old, new = keys(FIRST), keys(SECOND, FIRST)
    bounds = ConversationBounds(None, 100_000)
    ann = Owner("ann", "acme")

    def entry(text: str, kind: str = MESSAGE, covers: int = 0) -> ConversationEntry:
        value: Any = text if kind == SUMMARY else {"role": "user", "content": text}
        return ConversationEntry(kind, seal_body(value, old), "user", 5, "ann", covers)

    for number in range(70):
        name = f"c-{number % 3}"
        store.append(name, [entry(f"text {number}")], owner=ann, bounds=bounds, now=1000 + number)
    store.append("c-0", [entry("sum", SUMMARY, 3)], owner=ann, bounds=bounds, now=1100)
    store.append(
        "plain",
        [ConversationEntry(MESSAGE, seal_body("x", None), "user")],
        owner=ann,
        bounds=bounds,
        now=1200,
    )

    assert store.find("nobody") is None
    head = store.find("c-0")
    assert head is not None
    assert (head.user, head.tenant, head.rows, head.at) == ("ann", "acme", 25, 1100.0)
    assert rotate(store, new) == 72
    assert rotate(store, new) == 0
    rows = store.contents("c-0", now=2000)
    assert [row.number for row in rows] == list(range(1, 26))
    assert open_body(rows[0].body or b"", keys(SECOND)) == {"role": "user", "content": "text 0"}
    assert rows[-1].kind == SUMMARY
    assert store.contents("nobody", now=2000) == []
    # What is counted of a conversation's size stays right.
    small = ConversationBounds(None, 200)
    store.append("c-1", [entry("last")], owner=ann, bounds=small, now=1300)
    kept = store.contents("c-1", now=2000)
    assert 0 < sum(len(row.body or b"") for row in kept) <= 200
    assert store.erase("c-1", by="me", now=1400)
    assert store.contents("c-1", now=2000) == []
    store.close()


def test_what_is_erased_while_keys_change_stays_erased(place: str) -> None:
    store, other = open_conversations(place), open_conversations(place)
    body = seal_body("secret", None)
    bounds = ConversationBounds(None, 100_000)
    store.append(
        "c", [ConversationEntry(MESSAGE, body, "user")], owner=Owner(), bounds=bounds, now=1000
    )

    def change(data: bytes) -> bytes | None:
        if not place.endswith(".db"):  # SQLite lets one write at a time
            other.erase("c", by="me", now=1100)
        return data + b"!"

    store.reseal(change)

    expected = 1 if place.endswith(".db") else 0
    assert len(store.contents("c", now=2000)) == expected
    store.close()
    other.close()


def test_conversations_go_on_while_their_key_changes(place: str) -> None:
    store, other = open_conversations(place), open_conversations(place)
    old, new = keys(FIRST), keys(SECOND, FIRST)
    bounds, ann = ConversationBounds(None, 1_000_000), Owner("ann")
    count = 40
    started, faults = threading.Event(), []

    def write() -> None:
        try:
            for number in range(count):
                entry = ConversationEntry(MESSAGE, seal_body(number, old), "user")
                other.append("c", [entry], owner=ann, bounds=bounds, now=1000 + number)
                started.set()
        except Exception as error:  # noqa: BLE001 - the test's own thread
            faults.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    started.wait(30)
    while writer.is_alive():
        rotate(store, new)
    writer.join()
    rotate(store, new)

    assert faults == []
    rows = store.contents("c", now=2000)
    assert [open_body(row.body or b"", keys(SECOND)) for row in rows] == list(range(count))
    store.close()
    other.close()
