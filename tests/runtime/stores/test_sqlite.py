"""Opening a database that others are making."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.stores.sqlite import use_write_ahead_log

if TYPE_CHECKING:
    from pathlib import Path


def open_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


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
