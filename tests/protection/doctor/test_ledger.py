"""The doctor asks the Redis server of a ledger, a real one, how it keeps what it was told."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.protection.doctor import AnswerState, DoctorSubject
from promptops.protection.doctor.ledger import look_at_ledger
from promptops.repository.repository import open_repository
from tests.redis import Server, find_program, serve_redis
from tests.stores import leave_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.protection.doctor import DoctorAnswer
    from tests.repositories import Repo


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    program = find_program()
    if program is None:
        leave_out("Redis is not installed")
    if find_spec("redis") is None:
        leave_out("the extra redis is not installed")
    with serve_redis(program) as opened:
        yield opened


def look(repo: Repo, table: str, environment: dict[str, str] | None = None) -> list[DoctorAnswer]:
    repo.commit({"promptops.toml": f"[guards]\n{table}\n"})
    subject = DoctorSubject(
        open_repository(repo.path), cache=repo.path, now_seconds=0.0, environment=environment
    )
    return list(look_at_ledger(subject))


def test_a_careful_server_is_fine(repo: Repo, server: Server) -> None:
    (answer,) = look(repo, f"ledger = '{server.url}'")
    assert answer.state is AnswerState.FINE
    assert answer.place == server.url


def test_what_a_careless_server_may_lose_is_said(repo: Repo, server: Server) -> None:
    import redis

    careful = {"appendfsync": "always", "maxmemory-policy": "noeviction"}
    with redis.Redis.from_url(server.url) as client:
        client.config_set("appendfsync", "everysec")
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            found = look(repo, "ledger_variable = 'LEDGER'", {"LEDGER": server.url})
        finally:
            for name, value in careful.items():
                client.config_set(name, value)
    assert [one.seen for one in found] == [
        "appendfsync of the ledger's server is everysec",
        "maxmemory-policy of the ledger's server is allkeys-lru",
    ]
    assert all(one.remedy and one.risk for one in found)


def test_a_server_out_of_reach_is_no_answer_and_names_no_password(repo: Repo) -> None:
    pytest.importorskip("redis")
    (answer,) = look(
        repo, "ledger_variable = 'LEDGER'", {"LEDGER": "redis://:hunter2@127.0.0.1:9/0"}
    )
    assert answer.state is AnswerState.UNKNOWN
    assert "hunter2" not in f"{answer.seen} {answer.place} {answer.remedy}"


def test_an_address_that_is_not_set_here_is_no_answer(repo: Repo) -> None:
    (answer,) = look(repo, "ledger_variable = 'LEDGER'")
    assert answer.state is AnswerState.UNKNOWN
    assert answer.seen == snapshot(
        "the variable with the address of the ledger, LEDGER, is not set"
    )


def test_a_ledger_elsewhere_is_not_asked(repo: Repo) -> None:
    assert look(repo, "spend_per_hour = 1") == []
