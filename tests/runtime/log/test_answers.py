"""Cached answers: how long they are returned, and which ones make room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.log.answers import CachedAnswer, find_answer, store_answer, trim_answers
from tests.runtime.log.pieces import START, make_keyring, make_random, new_id

if TYPE_CHECKING:
    from promptops.runtime.log.database import Cursor
    from promptops.runtime.log.encryption import Keyring
    from promptops.runtime.log.sqlite import SqliteDatabase


def store(
    database: SqliteDatabase, key: bytes, text: str, until: float, keyring: Keyring | None = None
) -> CachedAnswer:
    cached = CachedAnswer(new_id(), {"text": text})
    database.write(lambda cursor: store_answer(cursor, key, cached, until, keyring))
    return cached


def find(
    database: SqliteDatabase, key: bytes, now: float, keyring: Keyring | None = None
) -> CachedAnswer | None:
    return database.read(lambda cursor: find_answer(cursor, key, keyring, now))


def count(database: SqliteDatabase) -> int:
    row = database.read(lambda cursor: cursor.one("SELECT COUNT(*) FROM answers"))
    assert row is not None
    return int(row[0])


def test_an_answer_is_returned_until_its_time(database: SqliteDatabase) -> None:
    cached = store(database, b"key", "Once.", START + 60)
    assert find(database, b"key", START + 59.9) == cached
    assert find(database, b"key", START + 60) is None
    assert find(database, b"other", START) is None


def test_a_newer_answer_replaces_the_older_one(database: SqliteDatabase) -> None:
    store(database, b"key", "Once.", START + 60)
    newer = store(database, b"key", "Again.", START + 90)
    assert find(database, b"key", START + 61) == newer
    assert count(database) == 1


def test_an_answer_is_encrypted(database: SqliteDatabase) -> None:
    keyring = make_keyring(b"a")
    cached = store(database, b"key", "Once.", START + 60, keyring)
    assert find(database, b"key", START, keyring) == cached
    row = database.read(lambda cursor: cursor.one("SELECT body FROM answers"))
    assert row is not None
    assert b"Once." not in row[0]


@pytest.mark.slow
def test_expired_answers_and_the_oldest_ones_make_room(database: SqliteDatabase) -> None:
    random = make_random(1)
    # Together 1.8 megabytes, since hexadecimal digits compress to half.
    texts = [random(15_000).hex() for _ in range(120)]

    def fill(cursor: Cursor) -> None:
        for number, text in enumerate(texts):
            cached = CachedAnswer(new_id(), {"text": text})
            store_answer(cursor, bytes([number]), cached, START + number, None)

    database.write(fill)
    database.write(lambda cursor: trim_answers(cursor, START + 9, 100))
    assert count(database) == 110
    database.write(lambda cursor: trim_answers(cursor, START + 9, 1))
    assert count(database) == 10
    assert find(database, bytes([110]), START) is not None
    assert find(database, bytes([109]), START) is None
