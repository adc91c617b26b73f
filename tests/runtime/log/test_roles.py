"""The roles that docs/access.md describes, in a real PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import LogError, open_log
from tests.runtime.log.pieces import START, Clock, end, make_random, make_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.runtime.log.log import RunLog

PAGE = Path(__file__).parents[3] / "docs" / "access.md"
_ROLES = ("promptops_writer", "promptops_reader", "promptops_counter")


def open_as(url: str) -> RunLog:
    return open_log(
        url, LogSettings(content="full"), clock=Clock(), random=make_random(1), key=lambda _: None
    )


@pytest.fixture
def as_role(empty_postgres: str) -> Iterator[dict[str, str]]:
    """The address for a login of each role, after the SQL of the page."""
    import psycopg

    with open_as(empty_postgres) as log:
        log.finish(end(make_run(START)))
    [statements] = re.findall("```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        for name in _ROLES:
            connection.execute(f"DROP ROLE IF EXISTS {name}_login".encode())
            connection.execute(f"DROP ROLE IF EXISTS {name}".encode())
        connection.execute(statements.encode())
        for name in _ROLES:
            connection.execute(f"CREATE ROLE {name}_login LOGIN IN ROLE {name}".encode())
    yield {
        name: empty_postgres.replace("//", f"//{name}_login@", 1)
        if "@" not in empty_postgres
        else re.sub("//[^@]*@", f"//{name}_login@", empty_postgres)
        for name in _ROLES
    }
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        for name in _ROLES:
            connection.execute(f"DROP ROLE {name}_login".encode())
            connection.execute(f"DROP ROLE {name}".encode())


def test_a_reader_reads_and_writes_nothing(as_role: dict[str, str]) -> None:
    with open_as(as_role["promptops_reader"]) as log:
        [run] = log.list()
        assert log.get(run.id).run.answer == '{"topic": "billing"}'
        assert log.stats()
        with pytest.raises(LogError, match="permission denied"):
            log.finish(end(make_run(START + 1)))
        with pytest.raises(LogError, match="permission denied"):
            log.erase("u-1", by="x", reason="y")


def test_a_writer_writes_and_changes_no_table(as_role: dict[str, str]) -> None:
    import psycopg

    url = as_role["promptops_writer"]
    with open_as(url) as log:
        log.finish(end(make_run(START + 1)))
        assert len(log.list()) == 2
        assert log.prune(START + 0.5, by="x", reason="y", dry_run=True).runs == 1
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DROP TABLE runs")


def test_a_counter_sees_sums_alone(as_role: dict[str, str]) -> None:
    import psycopg

    with psycopg.connect(as_role["promptops_counter"], autocommit=True) as connection:
        connection.execute("SELECT * FROM hours").fetchall()
        for table in ("runs", "texts", "meta", "events"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM {table}".encode())
