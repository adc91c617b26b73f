"""What the SQLite store promises: kills, forks, bytes that are gone, files that are no logs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from promptops.errors import NotFoundError
from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import Filters, LogBusyError, LogError, RunLog, open_log
from tests.runtime.log.pieces import START, Clock, end, make_attempt, make_random, make_run

ROOT = Path(__file__).parents[3]

BEGIN_AND_WAIT = """
import os, sys, time
from promptops.runtime.log.log import open_log
from promptops.repository.settings.log import LogSettings
from tests.runtime.log.pieces import end, make_run
log = open_log(sys.argv[1], LogSettings(), clock=time.time, random=os.urandom, key=os.environ.get)
now = time.time()
kept, left = make_run(now, lease_until=now + 3600), make_run(now, lease_until=now + 3600)
log.begin(kept)
log.begin(left)
log.finish(end(kept))
print(kept.id, left.id, flush=True)
sys.stdin.read()
"""


def open_at(path: Path, **settings: object) -> RunLog:
    return open_log(
        path,
        LogSettings(**settings),  # type: ignore[arg-type]
        clock=Clock(),
        random=make_random(3),
        key=lambda _: None,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the lease tells")
def test_a_killed_process_leaves_an_interrupted_run(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN_AND_WAIT, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    kept, left = process.stdout.readline().split()
    with open_at(path) as log:
        assert log.get(left).run.status == "running"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # Long before its lease ends.
        assert log.get(left).run.status == "interrupted"
        assert log.get(kept).run.status == "succeeded"
        assert [one.id for one in log.list(Filters(status="interrupted"))] == [left]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_after_opening(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_at(path) as log:
        log.finish(end(make_run()))
        context = multiprocessing.get_context("fork")

        run = end(make_run(user="child"))

        def child() -> None:
            log.finish(run)
            os._exit(0 if len(log.list()) == 2 else 1)

        process = context.Process(target=child)
        process.start()
        process.join()
        assert process.exitcode == 0
        log.finish(end(make_run()))
        assert len(log.list()) == 3
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.story
def test_erased_bytes_are_in_no_file(tmp_path: Path) -> None:
    path = tmp_path / "log" / "runs.db"
    chance = Random(5)
    names = [f"user-{chance.randbytes(6).hex()}" for _ in range(300)]
    with open_at(path, content="full") as log:
        for name in names:
            # Random letters do not compress, so that the bytes stand in the file as they are.
            secret = f"{name}:{chance.randbytes(400).hex()}"[: chance.randint(40, 60)]
            run = make_run(user=name, inputs={"a": secret}, messages=None)
            log.begin(run)
            log.finish(end(run, answer=secret, error=secret), [make_attempt(run, error=secret)])
        gone = names[::30]
        assert all(name.encode() in _read_files(path) for name in gone)
        for name in gone:
            log.erase(name, by="jo", reason="asked for it")
        data = _read_files(path)
        assert [name for name in gone if name.encode() in data] == []
        assert all(name.encode() in data for name in names if name not in gone)


def _read_files(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.iterdir())


def test_nothing_is_written_at_once_while_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    runs = [(end(make_run(START + n)), ()) for n in range(3)]
    with open_at(path) as log:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogBusyError):
            log.finish_all(runs, wait=False)
        other.execute("ROLLBACK")
        other.close()
        assert log.list() == []
        log.finish_all(runs, wait=False)
        assert len(log.list()) == 3


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "log" / "runs.db"
    with open_at(path) as log:
        log.finish(end(make_run()))
        for one in path.parent.iterdir():
            assert stat.S_IMODE(one.stat().st_mode) & 0o077 == 0


def test_files_that_are_no_log(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with pytest.raises(NotFoundError):
        open_log(
            path,
            LogSettings(),
            clock=Clock(),
            random=make_random(1),
            key=lambda _: None,
            create=False,
        )
    assert not path.exists()
    path.write_bytes(b"no database, but long enough to be one" * 100)
    with pytest.raises(LogError) as caught:
        open_at(path)
    assert not caught.value.is_passing
    newer = tmp_path / "newer.db"
    open_at(newer).close()
    connection = sqlite3.connect(newer)
    connection.execute("INSERT INTO schema VALUES (99, 0)")
    connection.commit()
    connection.close()
    with pytest.raises(LogError, match="version 99"):
        open_at(newer)
