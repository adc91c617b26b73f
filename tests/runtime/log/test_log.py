"""Where a run log can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import UsageError
from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import RunLog, open_log
from tests.runtime.log.pieces import Clock, end, make_random, make_run

if TYPE_CHECKING:
    from pathlib import Path


def open_at(place: str | Path) -> RunLog:
    return open_log(
        place, LogSettings(), clock=Clock(), random=make_random(1), key=lambda _name: None
    )


def test_a_file_is_opened_by_its_path_or_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, run = tmp_path / "runs.db", end(make_run())
    with open_at(path) as log:
        log.finish(run)
    for place in (str(path), "runs.db", f"sqlite:{path}", f"sqlite://{path}", "sqlite://runs.db"):
        with open_at(place) as log:
            assert log.has_run(run.id)


def test_another_kind_of_store_is_refused_without_its_password() -> None:
    with pytest.raises(UsageError, match="cannot be kept at 'mysql://'") as caught:
        open_at("mysql://jo:hunter2@db.example/runs")
    assert "hunter2" not in str(caught.value)
