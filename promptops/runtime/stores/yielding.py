"""Let other processes run, while waiting for a lock that is held briefly."""

from __future__ import annotations

import os
import time


def yield_turn() -> None:
    """Yield the processor to another process or thread."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0)
