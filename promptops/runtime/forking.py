"""Make imports work in a forked child.

Python has a lock for each module that is being imported. If another thread of the parent held one
at the fork, it is never released in the child: importing that module would block for ever, and the
module is incomplete.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from importlib import import_module
from typing import Any


def forget_imports() -> None:
    """Drop modules that other threads of the parent were importing; they are imported again."""
    # A later Python may lack these internals; then nothing can be done.
    with contextlib.suppress(AttributeError, ImportError, TypeError):
        bootstrap: Any = import_module("importlib._bootstrap")
        locks, waiting = bootstrap._module_locks, bootstrap._blocking_on  # noqa: SLF001
        ours = threading.get_ident()
        for name, reference in list(locks.items()):
            lock = reference()
            if lock is None or lock.owner in {None, ours}:
                continue
            del locks[name]
            module = sys.modules.get(name)
            if getattr(getattr(module, "__spec__", None), "_initializing", False):
                del sys.modules[name]
        waiting.clear()
