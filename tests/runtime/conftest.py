"""Released prompts; real PostgreSQL and Redis servers, where they can be started."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.conftest import move_in
from tests.postgres import Server, find_programs, serve_postgres
from tests.redis import Server as RedisServer
from tests.redis import find_program, serve_redis
from tests.released import Press, copy_triage
from tests.stores import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    program = find_program()
    if program is None:
        leave_out("Redis is not installed")
    if find_spec("redis") is None:
        leave_out("the extra redis is not installed")
    with serve_redis(program) as server:
        yield server


@pytest.fixture
def empty_redis(redis_server: RedisServer) -> str:
    """The URL of a database without keys."""
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        client.flushdb()
    return redis_server.url


@pytest.fixture
def begun_redis(empty_redis: str) -> str:
    """The URL of a database in which a ledger was begun."""
    import redis

    from promptops.runtime.guards.redis import EPOCH

    with redis.Redis.from_url(empty_redis) as client:
        client.set(EPOCH, "test")
    return empty_redis


@pytest.fixture
def press(tmp_path: Path) -> Press:
    """Two releases of `support/triage`: 1.1.0 live in production, 1.0.0 before it."""
    return copy_triage(tmp_path / "repo", tmp_path.parent)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """The same for tests that only read it, once in a module."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        folder = tmp_path_factory.mktemp("published") / "repo"
        yield copy_triage(folder, tmp_path_factory.getbasetemp())
