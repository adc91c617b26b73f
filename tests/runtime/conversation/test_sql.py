"""What conversations in SQL promise beside what every store does."""

from __future__ import annotations

import pytest

from promptops.runtime.conversation.opening import open_conversations
from tests.runtime.conversation.pieces import NOW, say


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
