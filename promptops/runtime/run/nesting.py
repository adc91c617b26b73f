"""The enclosing run of the current context."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from promptops.runtime.guards.depth import nested

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN: ContextVar[str | None] = ContextVar("promptops_run", default=None)


def enclosing_run() -> str | None:
    """Return the id of the enclosing run."""
    return _RUN.get()


@contextmanager
def within(run_id: str, depth: int) -> Iterator[None]:
    """Mark everything in this block as part of a run with `depth` enclosing runs."""
    token = _RUN.set(run_id)
    try:
        with nested(depth + 1):
            yield
    finally:
        _RUN.reset(token)
