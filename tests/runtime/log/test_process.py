"""Whether another process has ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from promptops.runtime.log.process import is_gone, this_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the lease tells")


def test_this_process_is_there() -> None:
    assert not is_gone(this_process())


def test_a_process_is_gone_whose_number_another_one_has_now() -> None:
    assert is_gone(this_process()._replace(born="1"))


@pytest.mark.parametrize("machine", ["", "another machine"])
def test_nothing_is_said_about_other_machines(machine: str) -> None:
    assert not is_gone(this_process()._replace(machine=machine, born="1"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_is_gone_before_its_parent_collects_it() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(reading, 1)
        os._exit(0)
    started = this_process()._replace(pid=child, born=_read_start(child))
    assert not is_gone(started)
    os.write(writing, b"x")
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert is_gone(started)
    os.waitpid(child, 0)
    assert is_gone(started)
    os.close(reading)
    os.close(writing)


def _read_start(pid: int) -> str:
    """Return when a process started, as `proc(5)` describes: field 22, after the program's name."""
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[19]
