"""What conversations in SQL promise beside what every store does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError
from promptops.runtime.conversation import sql
from promptops.runtime.conversation.entries import ConversationBounds, ConversationEntry
from promptops.runtime.conversation.opening import open_conversations
from promptops.runtime.conversation.sql import SqlStore, open_postgres_store
from promptops.runtime.conversation.tables import CONVERSATIONS
from promptops.runtime.log.sqlite import SqliteDatabase
from tests.runtime.conversation.pieces import ANN, NOW, WIDE, message, say
from tests.runtime.log.pieces import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_what_is_erased_is_gone_from_the_files_of_sqlite(place: str) -> None:
    if "://" in place:
        pytest.skip("only SQLite's files are ours")
    from pathlib import Path

    store = open_conversations(place)
    say(store, "a text that nobody else says")
    store.erase_user("ann", "erased:1", by="admin", now=NOW)
    store.close()
    left = b"".join(one.read_bytes() for one in Path(place).parent.iterdir())
    assert b"nobody else" not in left
    assert b"ann" not in left


def ends_of(database: SqliteDatabase) -> list[float]:
    """When conversations end by their heads, which may lag behind their last messages."""
    rows = database.read(
        lambda cursor: list(cursor.rows("SELECT expires FROM conversations ORDER BY id"))
    )
    return [round(ends / 1000 - START) for (ends,) in rows]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "conversations.db", lambda: START, CONVERSATIONS)
    yield database
    database.close()


def test_not_every_message_writes_when_its_conversation_ends(database: SqliteDatabase) -> None:
    store = SqlStore(database)
    bounds = ConversationBounds(3200, 1000)
    for seconds, ends in ((0, 3200), (100, 3200), (101, 3301), (150, 3301)):
        say(store, "x", bounds=bounds, now=START + seconds)
        assert ends_of(database) == [ends]
    # The last message counts all the same.
    assert store.expire(START + 3310) == 0
    assert len(store.tail("c", owner=ANN, tokens=99, now=START + 3349).messages) == 4
    assert store.expire(START + 3350) == 1


def test_conversations_expire_in_several_goes(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_BATCH", 2)
    store = SqlStore(database)
    for number in range(5):
        bounds = ConversationBounds(60 if number != 3 else 900, 1000)
        store.append(f"c-{number}", [message("x")], owner=ANN, bounds=bounds, now=START)
    assert store.expire(START + 60) == 4
    assert len(store.tail("c-3", owner=ANN, tokens=99, now=START + 60).messages) == 1


def test_a_newer_summary_replaces_the_text_of_the_older_one(database: SqliteDatabase) -> None:
    store = SqlStore(database)
    say(store, "one")
    for text in (b"first", b"second"):
        entry = ConversationEntry("summary", text, covers=1)
        store.append("c", [entry], owner=ANN, bounds=WIDE, now=START)
    assert [row.body for row in store.contents("c", now=START)] == [b"one", b"second"]


def test_a_database_without_its_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(PromptopsError, match="need the package psycopg"):
        open_postgres_store("postgresql://jo@127.0.0.1/x")
