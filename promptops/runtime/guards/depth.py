"""Track the nesting of runs: by a context variable in a process, by a header between services.

A run that is started within another run is one level deeper. So an agent that calls itself
endlessly reaches a limit that does not depend on cost.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from promptops.errors import UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEPTH_HEADER = "Promptops-Depth"
# More digits than any sensible depth; longer numbers are refused.
_DIGITS = 6

_DEPTH: ContextVar[int] = ContextVar("promptops_depth", default=0)


def current_depth() -> int:
    """Return the number of enclosing runs."""
    return _DEPTH.get()


@contextmanager
def nested(depth: int) -> Iterator[None]:
    """Mark everything in the block as enclosed by `depth` runs."""
    token = _DEPTH.set(depth)
    try:
        yield
    finally:
        _DEPTH.reset(token)


def depth_headers(depth: int | None = None) -> dict[str, str]:
    """Return the headers that pass the nesting depth to another service."""
    return {DEPTH_HEADER: str(current_depth() if depth is None else depth)}


def read_depth(headers: Mapping[str, str]) -> int:
    """Return the depth in a caller's headers; 0 without one.

    Raises UsageError for a malformed header; a server answers with 400.
    """
    for name, value in headers.items():
        if name.lower() == DEPTH_HEADER.lower():
            text = value.strip()
            if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
                raise UsageError(
                    f"the header {DEPTH_HEADER} is {quote(value)}, which is not a depth",
                    hint="pass on the value of promptops unchanged, such as 2",
                )
            return int(text)
    return 0
