"""What the PostgreSQL store promises beside what every store does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import LogBusyError, LogError, RunLog, open_log
from tests.runtime.log.pieces import Clock, end, make_random, make_run

if TYPE_CHECKING:
    from tests.postgres import Server


def open_at(url: str) -> RunLog:
    return open_log(url, LogSettings(), clock=Clock(), random=make_random(1), key=lambda _: None)


def test_a_server_that_was_killed_and_is_back(empty_postgres: str, postgres: Server) -> None:
    run, other = make_run(), make_run()
    with open_at(empty_postgres) as log:
        log.begin(run)
        postgres.kill()
        try:
            with pytest.raises(LogError):
                log.finish(end(run))
        finally:
            postgres.start()
        log.finish(end(run))
        log.finish(end(other))
        assert log.stats()[0].statuses == {"succeeded": 2}


def test_a_connection_that_was_cut_is_made_again(empty_postgres: str) -> None:
    import psycopg

    with open_at(empty_postgres) as log:
        run = make_run()
        log.begin(run)
        with psycopg.connect(empty_postgres, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'promptops'"
            )
        log.finish(end(run))
        assert log.get(run.id).run.status == "succeeded"


def test_texts_survive_erasure_while_others_write(empty_postgres: str) -> None:
    failed: list[Exception] = []

    def write(number: int) -> None:
        try:
            with open_at(empty_postgres) as log:
                for _ in range(15):
                    log.finish(end(make_run(user=f"u-{number}")))
                    if number == 0:
                        log.erase("u-0", by="jo", reason="asked for it")
        except Exception as error:  # noqa: BLE001 -- shown below
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with open_at(empty_postgres) as log:
        entries = list(log.export())
        assert len(entries) == 30
        expected = make_run()
        assert all(entry.run.messages == expected.messages for entry in entries)


def test_a_server_has_to_be_waited_for(empty_postgres: str) -> None:
    with open_at(empty_postgres) as log:
        with pytest.raises(LogBusyError):
            log.finish_all([(end(make_run()), ())], wait=False)
        assert log.list() == []


def test_a_server_out_of_reach_is_said_without_a_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LogError) as caught:
        open_at("postgresql://jo:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in caught.value.message
