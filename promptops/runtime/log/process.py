"""Identify this process, and tell whether another one has ended.

A run belongs to the process that began it. On the same machine (same boot and same PID namespace)
an ended process is detected at once, even if its id is reused, since the start time differs.
Otherwise only the run's lease counts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """A process: machine (empty if unknown), id and start time."""

    machine: str
    pid: int
    born: str


def this_process() -> Process:
    """Return this process."""
    return Process(_machine(), os.getpid(), _read_start(os.getpid()) or "")


def is_gone(process: Process) -> bool:
    """Return whether a process has certainly ended; False if unknown."""
    if not process.machine or process.machine != _machine():
        return False
    return _read_start(process.pid) != process.born


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    from hashlib import sha256

    return sha256(f"{boot}{space}".encode()).hexdigest()[:16]


def _read_start(pid: int) -> str | None:
    try:
        data = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The second field is the program's name in parentheses, which may contain anything.
    fields = data.rpartition(b")")[2].split()
    # A zombie has ended; its parent has not collected it yet.
    return None if fields[0] == b"Z" else fields[19].decode("ascii")
