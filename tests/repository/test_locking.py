"""One process at a time holds a lock, and none is left behind by a process that dies."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from promptops.repository.locking import FileLock

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import pathlib, sys, time
from promptops.repository.locking import FileLock
with FileLock(pathlib.Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_kept_out_until_it_is_over(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), FileLock(file).held(waits=False):
            pytest.fail("two hold it")
    finally:
        holder.kill()
        holder.communicate()
    with FileLock(file).held(waits=False):
        assert file.exists()
