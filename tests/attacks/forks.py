"""Forks while other threads read, render, open and import; run as a process of its own.

`python -m tests.attacks.forks SOURCE CACHE COUNT` prints how many children hung, and how many
failed. A child that hangs says where.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import promptops

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "support/triage"
_PATIENCE_SECONDS = 30
_MS_BETWEEN = 2
_MODULES = ("wave", "colorsys", "promptops.prompt.diff.messages", "promptops.checks.catalogue")


def main(source: str, cache: str, count: int) -> None:
    """Fork while threads are at it, and tell what became of the children."""
    registry = promptops.open(source, cache=cache, refresh=0.2)
    stop = threading.Event()

    def read() -> None:
        registry.get(NAME).render(question="x")

    def open_another() -> None:
        with promptops.open(source, cache=cache) as other:
            other.get(f"{NAME}@1.0.0")

    def import_modules() -> None:
        for name in _MODULES:
            sys.modules.pop(name, None)
            importlib.import_module(name)

    def repeat(work: Callable[[], None]) -> None:
        while not stop.is_set():
            work()

    for work in (read, read, open_another, import_modules):
        threading.Thread(target=repeat, args=(work,), daemon=True).start()
    hung = failed = 0
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os._exit(_use(registry, source, cache))
        code = _wait(child)
        hung += code is None
        failed += code not in {None, 0}
    stop.set()
    sys.stdout.write(f"{count} forks, {hung} hung, {failed} failed\n")
    sys.stdout.flush()
    os._exit(0)  # threads may be anywhere


def _use(registry: promptops.Registry, source: str, cache: str) -> int:
    faulthandler.dump_traceback_later(_PATIENCE_SECONDS - 1)
    try:
        registry.get(NAME).render(question="x")
        importlib.import_module(_MODULES[-1])
        with promptops.open(source, cache=cache) as other:
            other.get(NAME).render(question="y")
    except BaseException as error:  # noqa: BLE001 - a child must not run the parent's end
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


def _wait(child: int) -> int | None:
    # Count the looks, not the time: a machine may stand still for longer.
    for _ in range(_PATIENCE_SECONDS * 1000 // _MS_BETWEEN):
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_MS_BETWEEN / 1000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
