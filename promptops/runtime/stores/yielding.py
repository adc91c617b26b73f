"""Let another process run, for who waits for a lock that is held for a moment."""

from __future__ import annotations

import os
import time


def yield_turn() -> None:
    """Give the rest of this turn to another process or thread."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0)
