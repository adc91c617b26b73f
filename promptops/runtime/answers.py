"""Answers kept for identical requests, in the memory of one process.

Twenty equal requests at the same time make one call: the first one leads, the others wait for it.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from promptops.repository.settings.cache import CacheSettings
    from promptops.runtime.models.model import Answer

_MEGABYTE = 1 << 20
# What an entry takes besides its text.
_OVERHEAD_BYTES = 1024


class Kept(NamedTuple):
    """An answer that was kept.

    Attributes:
        answer: the answer.
        run_id: the run that it was given to.
    """

    answer: Answer
    run_id: str


class Landing(NamedTuple):
    """What a flight will share.

    Attributes:
        future: the answer once it is there; None in it where there is none to share.
        thread: the thread that leads it, which must not wait for itself.
    """

    future: Future[Kept | None]
    thread: int


class Flight:
    """One request under way.

    Attributes:
        landed: what it will share.
    """

    __slots__ = ("landed",)

    def __init__(self) -> None:
        # Only where answers are kept is it needed.
        from concurrent.futures import Future

        self.landed = Landing(Future(), threading.get_ident())


class _KeptAnswer(NamedTuple):
    kept: Kept
    until: float
    size: int


class Answers:
    """The answers of one process. Threads and event loops may share them.

    Args:
        settings: the table `[cache]`.
        clock: seconds that never go back.
    """

    def __init__(self, settings: CacheSettings, *, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _KeptAnswer] = OrderedDict()
        self._flights: dict[str, Flight] = {}
        self._size = 0

    def join(self, key: str, *, leads: bool = True) -> Kept | Flight | Landing | None:
        """Return the kept answer to a request, or the flight that the caller leads now.

        Where another leads, what it will share is returned, to wait for. Whoever leads must call
        `land`, whatever happens.

        Args:
            key: the request.
            leads: whether the caller would lead; else None is returned where nobody does.
        """
        if self._process != os.getpid():
            # Another thread of the parent may have held the lock, and will never land here.
            self._begin()
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and self._clock() < entry.until:
                self._entries.move_to_end(key)
                return entry.kept
            flight = self._flights.get(key)
            if flight is not None:
                return flight.landed
            if not leads:
                return None
            flight = self._flights[key] = Flight()
            return flight

    def land(self, key: str, flight: Flight | None, kept: Kept | None) -> None:
        """Keep an answer, if any, and end a flight, if any."""
        with self._lock:
            if flight is not None and self._flights.get(key) is flight:
                del self._flights[key]
            if kept is not None:
                self._keep(key, kept)
        if flight is not None:
            flight.landed.future.set_result(kept)

    def _keep(self, key: str, kept: Kept) -> None:
        answer = kept.answer
        texts = [answer.text, *(one.arguments for one in answer.tool_calls)]
        size = _OVERHEAD_BYTES + sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        limit = self._settings.megabytes * _MEGABYTE
        if size > limit:
            return
        self._drop(key)
        self._entries[key] = _KeptAnswer(kept, self._clock() + self._settings.ttl_seconds, size)
        self._size += size
        while self._size > limit:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry.size
