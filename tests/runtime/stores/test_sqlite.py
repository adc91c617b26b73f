"""Opening a database that others are making, and writing while others write."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.stores import sqlite
from promptops.runtime.stores.sqlite import begin, identify, is_busy, use_write_ahead_log

if TYPE_CHECKING:
    from pathlib import Path


def open_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


@pytest.mark.slow
def test_a_new_file_is_waited_for_while_another_process_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(open_file(path)) as first, closing(open_file(path)) as second:
        first.execute("CREATE TABLE t (x)")
        first.execute("BEGIN IMMEDIATE")
        # SQLite refuses at once, whatever its timeout.
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            second.execute("PRAGMA journal_mode = WAL")
        done = threading.Timer(0.05, first.execute, ("COMMIT",))
        done.start()
        use_write_ahead_log(second, 60)
        done.join()
        assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_stays_locked_is_an_error_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(open_file(path)) as first, closing(open_file(path)) as second:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            use_write_ahead_log(second, 0.01)


def test_a_writer_waits_until_the_other_one_is_done(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(open_file(path)) as first, closing(open_file(path)) as second:
        begin(first, 1)
        second.execute("PRAGMA busy_timeout = 0")
        waiting = threading.Thread(target=begin, args=(second, 60))
        waiting.start()
        first.execute("COMMIT")
        waiting.join(60)
        assert second.in_transaction


@pytest.mark.parametrize("waits", [True, False])
def test_a_writer_that_cannot_begin_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    turns: list[object] = []
    monkeypatch.setattr(sqlite, "yield_turn", lambda: turns.append("yielded"))
    path = tmp_path / "new.db"
    with closing(open_file(path)) as first, closing(open_file(path)) as second:
        begin(first, 1)
        second.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError) as caught:
            begin(second, 0.0 if waits else 60.0, waits=waits)
        assert is_busy(caught.value)
    # Without waiting, others get a few turns, and no more.
    assert len(turns) == (0 if waits else 10)


def test_another_error_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_bytes(b"no database at all, and longer than a header of one" * 10)
    with closing(open_file(path)) as connection:
        with pytest.raises(sqlite3.DatabaseError):
            begin(connection, 60)
        connection.close()
        with pytest.raises(sqlite3.ProgrammingError):
            begin(connection, 60)
    assert not is_busy(sqlite3.OperationalError("of Python itself"))


def test_a_file_that_was_replaced_is_another(tmp_path: Path) -> None:
    path, other = tmp_path / "a.db", tmp_path / "b.db"
    assert identify(path) is None
    path.touch()
    other.touch()
    before = identify(path)
    assert before == identify(path)
    other.replace(path)
    assert identify(path) not in {None, before}
