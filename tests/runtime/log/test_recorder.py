"""The recorder: it never raises, and counts what it cannot keep."""

from __future__ import annotations

import os
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import RunLog, open_log
from promptops.runtime.log.recorder import Recorder
from tests.runtime.log.pieces import START, end, make_random, make_run
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path


def open_at(path: Path) -> RunLog:
    return open_log(
        path, LogSettings(), clock=lambda: START, random=make_random(1), key=lambda _: None
    )


def make_recorder(
    path: Path, said: list[str], max_records: int = 10_000, max_characters: int = 10**8
) -> Recorder:
    return Recorder(
        lambda: open_at(path),
        warn=said.append,
        clock=lambda: START,
        max_records=max_records,
        max_characters=max_characters,
    )


@pytest.mark.slow
def test_a_locked_store_gets_everything_in_order_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.runtime.log.sqlite.BUSY_SECONDS", 0.05)
    path, said = tmp_path / "runs.db", list[str]()
    recorder = make_recorder(path, said)
    runs = [make_run() for _ in range(20)]
    recorder.begin(runs[0])
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    for run in runs:
        recorder.begin(run)
        recorder.finish(end(run))
    assert recorder.waiting == 40
    lock.execute("COMMIT")
    lock.close()
    recorder.close(30)
    assert (recorder.lost, recorder.waiting) == (0, 0)
    assert len(said) == 1
    with open_at(path) as log:
        assert [run.status for run in log.list()] == ["succeeded"] * 20


@pytest.mark.slow
def test_what_does_not_fit_is_counted_said_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.runtime.log.sqlite.BUSY_SECONDS", 0.05)
    path, said = tmp_path / "runs.db", list[str]()
    with open_at(path):
        pass
    recorder = make_recorder(path, said, max_records=5)
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    for _ in range(8):
        recorder.finish(end(make_run()))
    assert (recorder.waiting, recorder.lost) == (5, 3)
    lock.execute("COMMIT")
    lock.close()
    recorder.close(30)
    with open_at(path) as log:
        assert len(log.list()) == 5
        [event] = log.events("records_lost")
        assert event.detail == {"count": 3}
    assert said[-1] == snapshot("3 records of runs were lost")


def test_texts_in_the_spool_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = make_recorder(tmp_path / "file" / "runs.db", [], max_characters=100_000)
    for _ in range(3):
        recorder.finish(end(make_run(), answer="x" * 60_000))
    assert (recorder.waiting, recorder.lost) == (1, 2)
    recorder.close(0)
    assert recorder.lost == 3


def test_a_read_only_place_and_a_broken_callback_do_not_reach_the_application(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("no folder")

    def warn(text: str) -> None:
        raise OSError(text)

    recorder = Recorder(lambda: open_at(tmp_path / "file" / "runs.db"), warn=warn)
    recorder.begin(make_run())
    recorder.finish(end(make_run()))
    recorder.close(0)
    assert recorder.lost == 2


@pytest.mark.story
def test_a_full_store_is_survived(tmp_path: Path) -> None:
    path, said = tmp_path / "runs.db", list[str]()
    log = open_at(path)
    # The same error as that of a full disk.
    log._database._connect(writing=True).execute("PRAGMA max_page_count = 60")  # type: ignore[attr-defined]
    recorder = Recorder(lambda: log, warn=said.append)
    runs = [end(make_run(), answer=os.urandom(20_000).hex()) for _ in range(40)]
    for run in runs:
        recorder.finish(run)
    kept = len(log.list(limit=100))
    assert 0 < kept < 40
    assert kept + recorder.waiting == 40
    assert masked(said[0]) == snapshot(
        "recording of runs is paused: the run log <folder>/runs.db cannot be used: database or disk is full"
    )
    log._database._connect(writing=True).execute("PRAGMA max_page_count = 100000")  # type: ignore[attr-defined]
    recorder.close(30)
    assert recorder.lost == 0
    with open_at(path) as again:
        assert len(again.list(limit=100)) == 40


def test_a_log_that_was_deleted_or_destroyed_is_made_again_or_counted(tmp_path: Path) -> None:
    path, said = tmp_path / "log" / "runs.db", list[str]()
    recorder = make_recorder(path, said)
    recorder.finish(end(make_run()))
    for one in path.parent.iterdir():
        one.unlink()
    path.parent.rmdir()
    run = end(make_run())
    recorder.finish(run)
    recorder.close()
    assert (recorder.lost, said) == (0, [])
    with open_at(path) as log:
        assert [one.id for one in log.list()] == [run.id]
    path.write_bytes(b"this is no database" * 1000)
    recorder = make_recorder(path, said)
    recorder.finish(run)
    recorder.close(0)
    assert recorder.lost == 1
    assert said


def test_a_record_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    said: list[str] = []
    recorder = make_recorder(tmp_path / "runs.db", said)
    loop: list[object] = []
    loop.append(loop)
    recorder.finish(end(make_run(), inputs={"a": loop}))
    recorder.finish(end(make_run(), id="nonsense"))
    good = end(make_run())
    recorder.finish(good)
    recorder.close()
    assert recorder.lost == 2
    with open_at(tmp_path / "runs.db") as log:
        assert [one.id for one in log.list()] == [good.id]


@pytest.mark.story
def test_two_hundred_threads(tmp_path: Path) -> None:
    path, said = tmp_path / "runs.db", list[str]()
    recorder = make_recorder(path, said)

    def work() -> None:
        for _ in range(3):
            run = make_run()
            recorder.begin(run)
            recorder.finish(end(run))

    threads = [threading.Thread(target=work) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close(30)
    assert (recorder.lost, said) == (0, [])
    with open_at(path) as log:
        [group] = log.stats()
        assert group.statuses == {"succeeded": 600}
