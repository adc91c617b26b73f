"""Logs of earlier versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.migrations import RUN_LOG
from promptops.runtime.log.sqlite import SqliteDatabase
from promptops.runtime.log.store import Store
from tests.runtime.log.pieces import Clock, end, make_random, make_run

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.log.database import Schema


def open_at(path: Path, schema: Schema = RUN_LOG) -> Store:
    database = SqliteDatabase(path, Clock(), schema)
    return Store(
        database, LogSettings(), clock=Clock(), random=make_random(1), key=lambda _name: None
    )


@pytest.mark.parametrize("version", range(1, RUN_LOG.latest))
def test_an_older_log_is_brought_to_the_newest_version_and_keeps_its_runs(
    tmp_path: Path, version: int
) -> None:
    path, run = tmp_path / "runs.db", end(make_run())
    with open_at(path, RUN_LOG._replace(steps=RUN_LOG.steps[:version])) as log:
        log.finish(run)
    for _ in range(2):
        with open_at(path) as log:
            assert log.get(run.id).run.answer == run.answer
            assert log.find_answer("any") is None
            steps = log._database.read(
                lambda cursor: list(cursor.rows("SELECT version FROM schema ORDER BY version"))
            )
            assert steps == [(number,) for number in range(1, RUN_LOG.latest + 1)]
