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
        return bool(select.select([handle], [], [], _PATIENCE_SECONDS)[0])
    finally:
        os.close(handle)
