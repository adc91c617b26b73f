"""Run logs for tests: an SQLite file, and PostgreSQL where its server can be started."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import RunLog, open_log
from tests.postgres import Server, find_programs, serve_postgres
from tests.runtime.log.pieces import Clock, make_random
from tests.stores import leave_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    programs = find_programs()
    if programs is None:
        leave_out("PostgreSQL is not installed")
    if find_spec("psycopg") is None:
        leave_out("the extra postgres is not installed")
    with serve_postgres(programs) as server:
        yield server


@pytest.fixture
def empty_postgres(postgres: Server) -> str:
    """The URL of a database without tables."""
    import psycopg

    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres.url


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
