"""How deep runs are nested: in one process by a context variable, between services by a header.

A run that is made while another one is being served is one deeper. An agent that calls itself
without end so meets a limit that has nothing to do with money.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from promptops.errors import UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEPTH_HEADER = "Promptops-Depth"
# More digits than any sensible depth; a longer number is not worth converting.
_DIGITS = 6

_DEPTH: ContextVar[int] = ContextVar("promptops_depth", default=0)


def current_depth() -> int:
    """Return how many runs enclose this place."""
    return _DEPTH.get()


@contextmanager
def nested(depth: int) -> Iterator[None]:
    """Everything within is enclosed by `depth` runs."""
    token = _DEPTH.set(depth)
    try:
        yield
    finally:
        _DEPTH.reset(token)


def depth_headers(depth: int | None = None) -> dict[str, str]:
    """Return the headers that tell another service how deep its runs are nested."""
    return {DEPTH_HEADER: str(current_depth() if depth is None else depth)}


def read_depth(headers: Mapping[str, str]) -> int:
    """Return the depth that a caller's headers tell, 0 without one.

    Raises UsageError for a header that is no depth: a server answers 400.
    """
    for name, value in headers.items():
        if name.lower() == DEPTH_HEADER.lower():
            text = value.strip()
            if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
                raise UsageError(
                    f"the header {DEPTH_HEADER} is {quote(value)}, which is no depth",
                    hint="pass on what promptops wrote, a whole number such as 2",
                )
            return int(text)
    return 0
