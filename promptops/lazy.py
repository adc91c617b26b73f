"""What is made once, safe across a fork."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

T = TypeVar("T")

FORK_LOCK = threading.RLock()
"""Hold this lock while git starts, or a native library that starts once in a process. A child that
is forked during such a start never sees it end, so `promptops.git.process` makes forks wait.
"""


class cached_property(Generic[T]):  # noqa: N801 - as in functools
    """`functools.cached_property` without a lock: two threads may both compute the value.

    Until Python 3.12, the one of `functools` holds a lock during the computation. A child process
    forked meanwhile would wait for that lock for ever.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> Self | T:
        """Compute and store the value; later accesses do not call this."""
        if instance is None:
            return self
        value: T = instance.__dict__.setdefault(self._name, self._function(instance))
        return value
