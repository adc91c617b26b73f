"""Ledgers for tests: every store that can be started, each under the same tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.guards.opening import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from promptops.runtime.ledger import Ledger

SHARED = ("sqlite", "redis", "postgres")


def find_place(kind: str, request: pytest.FixtureRequest) -> str:
    """Where a ledger of its own can be that many processes share."""
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return str(folder / "state" / "ledger.db")
    url: str = request.getfixturevalue({"redis": "begun_redis", "postgres": "empty_postgres"}[kind])
    return url


@pytest.fixture(params=SHARED)
def place(request: pytest.FixtureRequest) -> str:
    """Where each shared ledger can be."""
    return find_place(request.param, request)


@pytest.fixture
def open_one(place: str) -> Iterator[Callable[[], Ledger]]:
    """Opens one and the same ledger, again and again."""
    opened: list[Ledger] = []

    def opener() -> Ledger:
        opened.append(open_ledger(place))
        return opened[-1]

    yield opener
    for ledger in opened:
        ledger.close()


@pytest.fixture(params=["memory", *SHARED])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A ledger of each kind."""
    if request.param == "memory":
        yield MemoryLedger()
        return
    opened = open_ledger(find_place(request.param, request))
    yield opened
    opened.close()
