"""Processes that tests watch without being their parents."""

from __future__ import annotations

import os
import select

import pytest

_PATIENCE_SECONDS = 30


def ends(process: int) -> bool:
    """Wait for a process to end, since a signal takes a moment; False when it goes on."""
    if not hasattr(os, "pidfd_open"):
        pytest.skip("this system cannot wait for another's process")
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        # Not `select`, which takes no more than 1,024 open files.
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        return bool(waiting.poll(_PATIENCE_SECONDS * 1000))
    finally:
        os.close(handle)
