"""What a forked child has to let go before it can import anything.

Python keeps a lock for each module that is being imported. One that another thread of the parent
held at the fork is never released in the child, whose first import of that module would wait for
ever; and the module is left half made.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from importlib import import_module
from typing import Any


def forget_imports() -> None:
    """Drop what other threads of the parent were importing, so that it is imported anew."""
    # Without these, in some later Python, there is nothing to be done about it.
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
