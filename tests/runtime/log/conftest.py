"""Run logs for tests: an SQLite file, and PostgreSQL where its server can be started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import RunLog, open_log
from promptops.runtime.log.sqlite import SqliteDatabase
from tests.runtime.log.pieces import Clock, make_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path, clock: Clock) -> Iterator[SqliteDatabase]:
    """An empty database of one kind, for what does not depend on the kind."""
    database = SqliteDatabase(tmp_path / "runs.db", clock)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a log of its own can be."""
    if request.param == "sqlite":
        return str(tmp_path / "log" / "runs.db")
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture
def open_store(place: str, clock: Clock) -> Iterator[Callable[..., RunLog]]:
    """Opens one and the same log, again and again, with the given settings."""
    opened: list[RunLog] = []

    def opener(environment: dict[str, str] | None = None, **settings: object) -> RunLog:
        log = open_log(
            place,
            LogSettings(**settings),  # type: ignore[arg-type]
            clock=clock,
            random=make_random(len(opened)),
            key=(environment or {}).get,
        )
        opened.append(log)
        return log

    yield opener
    for log in opened:
        log.close()


@pytest.fixture
def log(open_store: Callable[..., RunLog]) -> RunLog:
    return open_store(content="full")
