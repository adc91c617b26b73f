"""Which process this is, and whether another one still runs.

A run belongs to the process that began it. On the same machine (the same start of the kernel, and
the same space of process ids, so no two containers) a process that is gone is seen at once, also
when its number is used again, since the time of its start differs. Elsewhere, and on systems that
do not tell, only the run's lease counts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """A process: its machine (empty where unknown), its number, and when it started."""

    machine: str
    pid: int
    born: str


def this_process() -> Process:
    """Return who runs this."""
    return Process(_machine(), os.getpid(), _born(os.getpid()) or "")


def is_gone(process: Process) -> bool:
    """Return whether a process certainly runs no more; False where that cannot be known."""
    if not process.machine or process.machine != _machine():
        return False
    return _born(process.pid) != process.born


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    from hashlib import sha256

    return sha256(f"{boot}{space}".encode()).hexdigest()[:16]


def _born(pid: int) -> str | None:
    try:
        data = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The second field is the program's name in parentheses, which may hold anything.
    fields = data.rpartition(b")")[2].split()
    # A zombie has ended; only its parent has not looked yet.
    return None if fields[0] == b"Z" else fields[19].decode("ascii")
