"""Counts of many processes, in files that a kill leaves whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.telemetry.counters import Counters, read_all, tidy

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.telemetry.counters import Key

MAX_ENTRIES = 2000
KEY = ("runs", (("prompt", "a"),), "")
OTHER = ("runs", (("prompt", 'b"\n\u00e9'),), "3")

_COUNT = """
import sys
from pathlib import Path
from promptops.runtime.telemetry.counters import Counters
counters = Counters(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    counters.add({("runs", (("prompt", "a"),), ""): 1.0})
print("done", flush=True)
sys.stdin.read()
"""


def test_counts_add_up(tmp_path: Path) -> None:
    counters = Counters(tmp_path / "metrics")
    counters.add({KEY: 1.0, OTHER: 2.5})
    counters.add({KEY: 1.0})
    assert read_all(tmp_path / "metrics") == {KEY: 2.0, OTHER: 2.5}
    counters.close()
    counters.add({KEY: 1.0})
    assert read_all(tmp_path / "metrics") == {KEY: 3.0, OTHER: 2.5}


def test_a_file_grows_and_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptops.runtime.telemetry.counters.MAX_ENTRIES", MAX_ENTRIES)
    counters = Counters(tmp_path)
    many: dict[Key, float] = {
        ("runs", (("prompt", f"{number:050}"),), ""): 1.0 for number in range(MAX_ENTRIES + 5)
    }
    counters.add(many)
    counters.add(dict.fromkeys(list(many)[:10], 1.0))
    found = read_all(tmp_path)
    assert len(found) == MAX_ENTRIES
    assert sum(found.values()) == MAX_ENTRIES + 10


def test_nothing_counted_is_nothing(tmp_path: Path) -> None:
    assert read_all(tmp_path / "none") == {}
    assert tidy(tmp_path / "none") == 0


def test_what_is_damaged_is_left_out(tmp_path: Path) -> None:
    Counters(tmp_path).add({KEY: 1.0})
    (tmp_path / "x.counts").write_bytes(b"\xff" * 4096)
    (tmp_path / "y.counts").write_bytes(b"")
    assert read_all(tmp_path) == {KEY: 1.0}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are told apart here")
@pytest.mark.slow
def test_many_processes_count_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    line = [sys.executable, "-c", _COUNT, str(tmp_path)]
    processes = [
        subprocess.Popen([*line, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for count in (3, 50, 400)
    ]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == b"done\n"
    assert tidy(tmp_path) == 0
    assert read_all(tmp_path) == {KEY: 453.0}
    for one in processes:
        one.send_signal(signal.SIGKILL)
        one.communicate()
    assert tidy(tmp_path) == 3
    assert [path.name for path in tmp_path.glob("*.counts")] == ["ended.counts"]
    assert read_all(tmp_path) == {KEY: 453.0}
    Counters(tmp_path).add({KEY: 1.0})
    assert read_all(tmp_path) == {KEY: 454.0}
