"""Which run encloses what happens here."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from promptops.runtime.guards.depth import nested

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN: ContextVar[str | None] = ContextVar("promptops_run", default=None)


def enclosing_run() -> str | None:
    """Return the id of the run that encloses this place."""
    return _RUN.get()


@contextmanager
def within(run_id: str, depth: int) -> Iterator[None]:
    """Make everything in this block part of a run that `depth` runs enclose."""
    token = _RUN.set(run_id)
    try:
        with nested(depth + 1):
            yield
    finally:
        _RUN.reset(token)
