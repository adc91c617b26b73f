"""What every store of conversations promises."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from promptops.errors import RefusedError
from promptops.runtime.conversation.entries import (
    ConversationBounds,
    ConversationEntry,
    ExpectedTail,
    Owner,
)
from promptops.runtime.conversation.opening import open_conversations
from tests.runtime.conversation.pieces import ANN, NOW, WIDE, message, say

if TYPE_CHECKING:
    from promptops.runtime.conversation.entries import ConversationStore


def read(store: ConversationStore, tokens: int = 1000, now: float = NOW) -> list[str]:
    tail = store.tail("c", owner=ANN, tokens=tokens, now=now)
    return [(row.body or b"").decode() for row in tail.messages]


def kinds(store: ConversationStore) -> list[str]:
    return [row.kind for row in store.rows("c")]


def test_an_empty_conversation_has_an_empty_tail(store: ConversationStore) -> None:
    assert store.tail("c", owner=ANN, tokens=10, now=NOW).number == 0
    assert store.rows("c") == []


def test_messages_come_back_in_order_with_what_was_said_of_them(store: ConversationStore) -> None:
    entries = [message("hello"), message("h\u00e9llo \0", "assistant", 7)]
    assert store.append("c", entries, owner=ANN, bounds=WIDE, now=NOW) == 2
    tail = store.tail("c", owner=ANN, tokens=1000, now=NOW)
    assert tail.number == 2
    assert not tail.is_cut
    last = tail.messages[-1]
    assert (last.number, last.role, last.tokens, last.by) == (2, "assistant", 7, "ann")
    assert last.at == pytest.approx(NOW, abs=0.001)
    assert last.body == "h\u00e9llo \0".encode()


def test_the_window_is_cut_by_tokens_and_never_empty(store: ConversationStore) -> None:
    say(store, *(str(number) for number in range(200)))
    assert read(store, 30) == ["197", "198", "199"]
    assert read(store, 35) == ["197", "198", "199"]
    assert read(store, 1) == ["199"]
    assert len(read(store, 1500)) == 150
    assert store.tail("c", owner=ANN, tokens=1500, now=NOW).is_cut
    assert not store.tail("c", owner=ANN, tokens=2000, now=NOW).is_cut


def test_nobody_else_reads_or_writes(store: ConversationStore) -> None:
    say(store, "secret")
    for owner in (Owner("bob", "acme"), Owner("ann", "other"), Owner()):
        with pytest.raises(RefusedError, match="another user or tenant"):
            store.tail("c", owner=owner, tokens=10, now=NOW)
        with pytest.raises(RefusedError, match="another user or tenant"):
            store.append("c", [message("x")], owner=owner, bounds=WIDE, now=NOW)
    assert read(store) == ["secret"]


def test_a_conversation_expires_and_its_record_stays(store: ConversationStore) -> None:
    bounds = ConversationBounds(60, 1_000_000)
    say(store, "old", bounds=bounds)
    assert read(store, now=NOW + 59) == ["old"]
    assert read(store, now=NOW + 60) == []
    say(store, "new", bounds=bounds, now=NOW + 61)
    assert read(store, now=NOW + 61) == ["new"]
    assert kinds(store) == ["message", "expired", "message"]


def test_a_message_prolongs_the_conversation(store: ConversationStore) -> None:
    bounds = ConversationBounds(60, 1_000_000)
    say(store, "one", bounds=bounds)
    say(store, "two", bounds=bounds, now=NOW + 40)
    assert store.expire(NOW + 70) == 0
    assert read(store, now=NOW + 99) == ["one", "two"]
    assert store.expire(NOW + 101) == 1
    assert store.expire(NOW + 101) == 0
    assert read(store, now=NOW + 101) == []
    assert kinds(store) == ["message", "message", "expired"]


def test_the_oldest_go_where_it_grows_too_large(store: ConversationStore) -> None:
    bounds = ConversationBounds(None, 25)
    say(store, "0123456789", "abcdefghij", "ABCDEFGHIJ", bounds=bounds)
    assert read(store) == ["abcdefghij", "ABCDEFGHIJ"]
    assert kinds(store) == ["message"] * 3 + ["dropped"]
    say(store, "x" * 20, bounds=bounds)
    assert read(store) == ["x" * 20]


def test_a_summary_stands_for_what_it_covers(store: ConversationStore) -> None:
    say(store, "one", "two", "three")
    first = ConversationEntry("summary", b"1 and 2", tokens=3, by="sum", covers=2)
    done = store.append(
        "c", [first], owner=ANN, bounds=WIDE, now=NOW, expected=ExpectedTail(summary=0)
    )
    assert done == 4
    # Whoever was slower learns that there is one already.
    again = store.append(
        "c", [first], owner=ANN, bounds=WIDE, now=NOW, expected=ExpectedTail(summary=0)
    )
    assert again is None
    say(store, "four")
    tail = store.tail("c", owner=ANN, tokens=1000, now=NOW)
    assert tail.summary is not None
    assert (tail.summary.body, tail.summary.covers) == (b"1 and 2", 2)
    assert read(store) == ["three", "four"]
    assert [row.body for row in store.between("c", 0, 3, limit=9)] == [b"one", b"two"]
    assert [row.body for row in store.between("c", 0, 9, limit=2)] == [b"three", b"four"]


def test_the_newest_hand_over_is_found(store: ConversationStore) -> None:
    for body in (b"first", b"second"):
        store.append(
            "c",
            [ConversationEntry("hand_over", body, by="a -> b")],
            owner=ANN,
            bounds=WIDE,
            now=NOW,
        )
    found = store.tail("c", owner=ANN, tokens=1, now=NOW).hand_over
    assert found is not None
    assert (found.body, found.by) == (b"second", "a -> b")


def test_an_append_may_count_on_being_next(store: ConversationStore) -> None:
    say(store, "one")
    expected = ExpectedTail(number=1)
    entries = [message("two")]
    assert store.append("c", entries, owner=ANN, bounds=WIDE, now=NOW, expected=expected) == 2
    assert store.append("c", entries, owner=ANN, bounds=WIDE, now=NOW, expected=expected) is None
    assert read(store) == ["one", "two"]


def test_an_erasure_leaves_the_record_alone(store: ConversationStore) -> None:
    say(store, "one", "two")
    assert store.erase("c", by="admin", now=NOW)
    assert not store.erase("nothing", by="admin", now=NOW)
    assert read(store) == []
    assert kinds(store) == ["message", "message", "erased"]
    assert store.rows("c")[-1].by == "admin"
    say(store, "three")
    assert read(store) == ["three"]


def test_an_erasure_of_a_user_reaches_all_and_only_hers(store: ConversationStore) -> None:
    say(store, "mine")
    store.append("d", [message("mine, too")], owner=ANN, bounds=WIDE, now=NOW)
    bob = Owner("bob")
    store.append("e", [message("his")], owner=bob, bounds=WIDE, now=NOW)
    assert store.erase_user("ann", "erased:1", by="admin", now=NOW) == ["c", "d"]
    assert store.erase_user("ann", "erased:1", by="admin", now=NOW) == []
    assert "ann" not in {row.by for row in store.rows("c")}
    heads = {head.id: head for head in store.list()}
    assert {name: head.user for name, head in heads.items()} == {
        "c": "erased:1",
        "d": "erased:1",
        "e": "bob",
    }
    assert [head.id for head in store.list(user="bob")] == ["e"]
    assert len(store.tail("e", owner=bob, tokens=99, now=NOW).messages) == 1


@pytest.mark.slow
def test_appends_of_many_writers_are_whole_and_numbered(place: str) -> None:
    writers, rounds = 6, 20
    errors: list[BaseException] = []

    def write(name: int) -> None:
        try:
            mine = open_conversations(place)
            for number in range(rounds):
                pair = [message(f"{name} {number} q"), message(f"{name} {number} a", "assistant")]
                mine.append("c", pair, owner=ANN, bounds=ConversationBounds(3600, 10**7), now=NOW)
            mine.close()
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    store = open_conversations(place)
    rows = store.between("c", 0, 10**6, limit=10**6)
    assert [row.number for row in rows] == list(range(1, 2 * writers * rounds + 1))
    texts = [(row.body or b"").decode() for row in rows]
    # Nobody's answer is parted from its question, and nobody's order is lost.
    assert all(a[:-1] == b[:-1] for a, b in zip(texts[::2], texts[1::2], strict=True))
    for name in range(writers):
        mine = [text for text in texts[::2] if text.startswith(f"{name} ")]
        assert mine == [f"{name} {number} q" for number in range(rounds)]
    store.close()


_WRITE = """
import sys
from promptops.runtime.conversation.opening import open_conversations
from tests.runtime.conversation.pieces import ANN, NOW, WIDE, message
store = open_conversations(sys.argv[1])
for number in range(int(sys.argv[3])):
    pair = [message(f"{sys.argv[2]} {number} q"), message(f"{sys.argv[2]} {number} a", "assistant")]
    store.append("c", pair, owner=ANN, bounds=WIDE, now=NOW)
    print(number, flush=True)
"""


@pytest.mark.story
def test_a_killed_process_leaves_whole_pairs(place: str) -> None:
    line = [sys.executable, "-c", _WRITE, place]
    processes = [
        subprocess.Popen([*line, str(name), count], stdout=subprocess.PIPE)
        for name, count in ((0, "100000"), (1, "30"), (2, "30"))
    ]
    acknowledged = []
    for one in processes:
        assert one.stdout is not None
        acknowledged.append(int(one.stdout.readline()))
    processes[0].kill()
    said = [one.communicate()[0].split() for one in processes]
    store = open_conversations(place)
    texts = [(row.body or b"").decode() for row in store.between("c", 0, 10**9, limit=10**9)]
    assert all(a[:-1] == b[:-1] for a, b in zip(texts[::2], texts[1::2], strict=True))
    for name, numbers in enumerate(said):
        mine = [text for text in texts[::2] if text.startswith(f"{name} ")]
        # What was acknowledged is there, and at most one more.
        assert len(mine) - (1 + len(numbers)) in {0, 1}
    store.close()
