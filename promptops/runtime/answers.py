"""Cache answers to identical requests in memory; the run log caches them for other processes.

Of concurrent identical requests, the first one calls the model, and the others wait for its answer.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from promptops.repository.settings.cache import CacheSettings
    from promptops.runtime.models.model import Answer

_MEGABYTE = 1 << 20
# The overhead of an entry, in bytes.
_OVERHEAD_BYTES = 1024


class Kept(NamedTuple):
    """A cached answer.

    Attributes:
        answer: the answer.
        run_id: the run that got it from the model.
    """

    answer: Answer
    run_id: str


def to_data(answer: Answer) -> dict[str, Any]:
    """Return an answer as plain data, without its usage: a cached one costs nothing."""
    return {
        "text": answer.text,
        "tool_calls": [[one.id, one.name, one.arguments] for one in answer.tool_calls],
        "finish": answer.finish,
        "served_model": answer.served_model,
        "response_id": answer.response_id,
        "fingerprint": answer.fingerprint,
    }


def from_data(data: Mapping[str, Any]) -> Answer:
    """Return the answer from the data of `to_data`."""
    from promptops.runtime.models.model import NO_USAGE, Answer, ToolCall

    calls = tuple(ToolCall(*one) for one in data["tool_calls"])
    return Answer(**{**data, "tool_calls": calls, "usage": NO_USAGE})


class PendingAnswer(NamedTuple):
    """The future answer of a flight.

    Attributes:
        future: the answer; None if the call gave none to share.
        thread: the thread that calls the model, which must not wait for itself.
    """

    future: Future[Kept | None]
    thread: int


class Flight:
    """One request in progress.

    Attributes:
        landed: its future answer.
    """

    __slots__ = ("landed",)

    def __init__(self) -> None:
        # Imported on use: needed only with a cache.
        from concurrent.futures import Future

        self.landed = PendingAnswer(Future(), threading.get_ident())


class _KeptAnswer(NamedTuple):
    kept: Kept
    until: float
    size: int


class Answers:
    """The cached answers of one process. Threads and event loops may share it.

    Args:
        settings: the table `[cache]`.
        clock: a monotonic clock, in seconds.
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

    def join(self, key: str, *, leads: bool = True) -> Kept | Flight | PendingAnswer | None:
        """Return the cached answer to a request, a `PendingAnswer` to wait for, or a `Flight`.

        A caller that gets a `Flight` must call the model and then `land`, even after an error.

        Args:
            key: the request.
            leads: whether the caller would call the model; if not, None is returned instead of a
                `Flight`.
        """
        if self._process != os.getpid():
            # Another thread of the parent may have held the lock; its flights never end in this
            # process.
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

    def forget(self, key: str, kept: Kept) -> None:
        """Drop an answer whose run was erased."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and entry.kept is kept:
                self._drop(key)

    def land(self, key: str, flight: Flight | None, kept: Kept | None) -> None:
        """Cache an answer (unless None), and end a flight (unless None)."""
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
