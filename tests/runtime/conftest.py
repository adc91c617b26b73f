"""A real PostgreSQL server, where one can be started."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.postgres import Server, find_programs, serve_postgres
from tests.stores import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator


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
