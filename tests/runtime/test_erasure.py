"""An erasure reaches every store, and its receipt says what was removed and what was not."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from promptops.runtime.erasure import NOT_REACHED, Receipt, erase_everywhere
from promptops.runtime.log.log import LogError
from promptops.runtime.log.sqlite import SqliteDatabase
from tests.runtime.log.pieces import Clock, end, make_random, make_run, store_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.log.store import Store

NOW = 1_796_000_400.0


class Conversations:
    """A store with one user's conversations, which notes what it is told."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids
        self.told: list[tuple[str, str, str]] = []

    def erase_user(self, user: str, mark: str, *, by: str, now: float) -> tuple[str, ...]:
        assert now == NOW
        self.told.append((user, mark, by))
        found, self.ids = self.ids, ()
        return found


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Store]:
    """A log with two runs of u-1 and one of another user."""
    clock = Clock()
    with closing(store_in(SqliteDatabase(tmp_path / "runs.db", clock), clock)) as log:
        for user, ticket in (("u-1", "one"), ("u-1", "two"), ("u-2", "three")):
            run = make_run(user=user, inputs={"ticket": ticket}, messages=[])
            log.begin(run)
            log.finish(end(run), [])
        yield log


def erase(log: Store, seed: int = 3, **stores: Any) -> Receipt:
    return erase_everywhere(
        "u-1", log, stores, by="Jane", reason="she asked", now=NOW, random=make_random(seed)
    )


def test_runs_and_conversations_of_all_stores_are_counted(log: Store) -> None:
    receipt = erase(log, file=Conversations("a", "b"), redis=Conversations("c"))
    assert (receipt.runs, receipt.conversations) == (2, 3)
    document = receipt.document
    assert document["removed"]["conversations"] == {"file": 2, "redis": 1}
    assert (document["at"], document["by"]) == ("2026-11-30T01:00:00Z", "Jane")
    assert document["not_reached"] == list(NOT_REACHED)
    assert [run.user for run in log.list()] == ["u-2"]


def test_all_stores_know_the_user_by_one_mark_that_cannot_be_guessed(log: Store) -> None:
    one, two = Conversations("a"), Conversations()
    mark = erase(log, one=one, two=two).document["mark"]
    assert one.told == two.told == [("u-1", mark, "Jane")]
    assert mark.startswith("erased:")
    again = Conversations("d")
    assert erase(log, 4, again=again).document["mark"] != mark


def test_the_receipt_is_recorded_with_its_own_digest(log: Store) -> None:
    receipt = erase(log, file=Conversations("a"))
    (event,) = log.events("erasure_receipt")
    assert event.detail == receipt.document
    body = {key: value for key, value in receipt.document.items() if key != "digest"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    assert receipt.document["digest"] == f"sha256:{hashlib.sha256(text).hexdigest()}"
    assert "u-1" not in json.dumps(receipt.document)


def test_after_a_failure_it_is_repeated_and_counts_nothing_twice(log: Store) -> None:
    class Broken(Conversations):
        def erase_user(self, *_args: object, **_options: object) -> tuple[str, ...]:
            raise LogError("the store is locked")

    file = Conversations("a")
    with pytest.raises(LogError):
        erase(log, file=file, broken=Broken())
    assert log.events("erasure_receipt") == []
    receipt = erase(log, file=file)
    assert (receipt.runs, receipt.conversations) == (2, 0)
    assert erase(log, file=file).runs == 0
