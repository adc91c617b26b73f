"""Write to the run log for applications: never raises, and counts every lost record.

A record is written at once by the caller. If the database is full, locked, read-only or missing,
the record goes to a spool, and a thread writes it later, in order. While the spool is not empty,
new records are appended to it. The spool is bounded. Records that do not fit, or are left when the
program ends, are counted in `lost`, reported by `warn`, and recorded as an event `records_lost`
once writing works again.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import PromptopsError
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.log import LogError
from promptops.runtime.log.record import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.runtime.log.answers import CachedAnswer
    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import AttemptRecord, Feedback, LogEntry, RunRecord, RunReview

MAX_RECORDS = 10_000
MAX_CHARACTERS = 64_000_000
_FIRST_WAIT_SECONDS = 0.1
_MAX_WAIT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_TEND_SECONDS = 3600.0


class _LogJob(NamedTuple):
    method: str
    arguments: tuple[Any, ...]
    size: int


class Recorder:
    """Writes to a run log on behalf of an application.

    Attributes:
        lost: the number of lost records.
    """

    def __init__(
        self,
        open_log: Callable[[], RunLog],
        *,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
        max_records: int = MAX_RECORDS,
        max_characters: int = MAX_CHARACTERS,
    ) -> None:
        """Prepare to record. The first record opens the log.

        Args:
            open_log: opens the log.
            warn: called on the first error, and again if records were lost at the end.
            clock: seconds since 1970 in UTC.
            random: random bytes.
            max_records: the maximum number of records in the spool.
            max_characters: the approximate maximum length of their texts.
        """
        self.lost = 0
        self._open = open_log
        self._warn_user = warn
        self._clock = clock
        self._random = random
        self._bounds = (max_records, max_characters)
        self._log: RunLog | None = None
        self._has_warned = False
        self._tended_at: float | None = None
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._spool: deque[_LogJob] = deque()
        self._spooled_characters = 0
        self._unreported = 0
        self._thread: threading.Thread | None = None
        self._tender: threading.Thread | None = None
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """The number of records in the spool."""
        with self._lock:
            return len(self._spool)

    def begin(self, run: RunRecord) -> None:
        """Record that a run begins."""
        self._record("begin", run)

    def attempt(self, attempt: AttemptRecord) -> None:
        """Record one attempt of a run."""
        self._record("attempt", attempt)

    def finish(self, run: RunRecord, attempts: Sequence[AttemptRecord] = ()) -> None:
        """Record that a run ended."""
        self._record("finish", run, tuple(attempts))

    def finish_all(self, runs: Sequence[tuple[RunRecord, Sequence[AttemptRecord]]]) -> None:
        """Record in one commit that runs ended; one by one if that fails."""
        if not self._finish_together(runs, wait=True):
            for run, attempts in runs:
                self.finish(run, attempts)

    def try_finish_all(self, runs: Sequence[tuple[RunRecord, Sequence[AttemptRecord]]]) -> bool:
        """Record in one commit that runs ended, without waiting for a server or other processes.

        Return False, and record nothing, if that is not possible now.
        """
        return self._finish_together(runs, wait=False)

    def _finish_together(
        self, runs: Sequence[tuple[RunRecord, Sequence[AttemptRecord]]], *, wait: bool
    ) -> bool:
        try:
            self._follow_fork()
            if self.waiting or self._is_closed:
                return False
            self._open_log().finish_all(runs, wait=wait)
            self._tend()
        except Exception:  # noqa: BLE001 -- `finish` meets it again and deals with it
            return False
        return True

    def drop(self, count: int, error: Exception) -> None:
        """Count records that could not be created, as lost."""
        self._warn(error)
        with self._lock:
            self._count_lost(count)

    def event(self, event: Event) -> None:
        """Record an event."""
        self._record("event", event)

    def feedback(self, feedback: Feedback) -> None:
        """Record feedback on a run."""
        self._record("feedback", feedback)

    def review(self, review: RunReview) -> None:
        """Record a review of a run."""
        self._record("review", review)

    def get(self, run_id: str) -> LogEntry:
        """Return everything in the log about one run.

        Raises:
            NotFoundError: there is no such run, or it is not written yet.
            LogError: the log is unreadable.
        """
        self._follow_fork()
        return self._open_log().get(run_id)

    def find_answer(self, key: str) -> CachedAnswer | None:
        """Return the cached answer to a request; None also if the log is unreadable."""
        try:
            self._follow_fork()
            return self._open_log().find_answer(key)
        except Exception as error:  # noqa: BLE001 -- the application must go on
            self._warn(error)
            return None

    def store_answer(self, key: str, cached: CachedAnswer, seconds: float, megabytes: int) -> None:
        """Cache an answer. If the log is not writable, the model is asked again."""
        try:
            self._follow_fork()
            self._open_log().store_answer(key, cached, seconds, megabytes)
        except Exception as error:  # noqa: BLE001 -- the application must go on
            self._warn(error)

    def has_run(self, run_id: str) -> bool:
        """Return whether a run exists (was not erased); True also if the log is unreadable."""
        try:
            self._follow_fork()
            return bool(self.waiting) or self._open_log().has_run(run_id)
        except Exception as error:  # noqa: BLE001 -- the application must go on
            self._warn(error)
            return True

    def close(self, seconds: float = _CLOSE_SECONDS) -> None:
        """Write the spool, within a time limit, and close the log."""
        self._follow_fork()
        with self._lock:
            self._is_closed = True
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(seconds)
        with self._lock:
            left = len(self._spool)
            self._spool.clear()
            self._count_lost(left)
            if self.lost:
                self._tell(f"{self.lost} records of runs were lost")
            log, self._log = self._log, None
        if log is not None:
            try:
                log.close()
            except Exception as error:  # noqa: BLE001 -- the application must go on
                self._warn(error)

    def _record(self, method: str, *arguments: object) -> None:
        try:
            self._follow_fork()
            with self._lock:
                if self._spool or self._is_closed:
                    self._keep(method, arguments)
                    return
            self._write(method, arguments)
            self._tend()
        except LogError as error:
            self._warn(error)
            self._keep(method, arguments)
        except Exception as error:  # noqa: BLE001 -- the application must go on
            # An error in the record itself, for which a retry does not help.
            self._warn(error)
            with self._lock:
                self._count_lost(1)

    def _write(self, method: str, arguments: Sequence[object]) -> None:
        getattr(self._open_log(), method)(*arguments)

    def _open_log(self) -> RunLog:
        with self._lock:
            if self._log is None:
                self._log = self._open()
            return self._log

    def _keep(self, method: str, arguments: tuple[object, ...]) -> None:
        size = _size(arguments)
        with self._lock:
            records, characters = self._bounds
            if (
                self._is_closed
                or len(self._spool) >= records
                or self._spooled_characters + size > characters
            ):
                self._count_lost(1)
                return
            self._spool.append(_LogJob(method, arguments, size))
            self._spooled_characters += size
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._drain, name="promptops-log", daemon=True
                )
                self._thread.start()

    def _drain(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        while True:
            with self._lock:
                if not self._spool:
                    self._thread = None
                    break
                job = self._spool[0]
                is_last = self._is_closed
            try:
                self._write(job.method, job.arguments)
            except LogError as error:
                self._warn(error)
                if is_last:
                    return
                self._wake.wait(wait)
                wait = min(2 * wait, _MAX_WAIT_SECONDS)
                continue
            except Exception as error:  # noqa: BLE001 -- the next record may be better
                self._warn(error)
                with self._lock:
                    self._count_lost(1)
            wait = _FIRST_WAIT_SECONDS
            with self._lock:
                # Closing may have emptied the spool meanwhile.
                if self._spool and self._spool[0] is job:
                    self._spool.popleft()
                    self._spooled_characters -= job.size
        self._record_losses()

    def _record_losses(self) -> None:
        """Record in the log how many records are missing."""
        with self._lock:
            count, self._unreported = self._unreported, 0
        if not count:
            return
        now = self._clock()
        event = Event(make_id(now, self._random(10)), now, "records_lost", None, {"count": count})
        try:
            self._write("event", (event,))
        except Exception as error:  # noqa: BLE001 -- counted already
            self._warn(error)
            with self._lock:
                self._unreported += count

    def _count_lost(self, count: int) -> None:
        self.lost += count
        self._unreported += count

    def _tend(self) -> None:
        now = self._clock()
        with self._lock:
            if self._tended_at is None:
                self._tended_at = now
            if now - self._tended_at < _TEND_SECONDS:
                return
            self._tended_at = now
            self._tender = threading.Thread(
                target=self._tend_log, name="promptops-log-tend", daemon=True
            )
            self._tender.start()

    def _tend_log(self) -> None:
        try:
            self._write("tend", ())
        except Exception as error:  # noqa: BLE001 -- done again in an hour
            self._warn(error)

    def _follow_fork(self) -> None:
        if self._pid != os.getpid():
            # The parent writes the inherited spool; its lock may never be released here.
            self._reset()
            self.lost = 0

    def _warn(self, error: Exception) -> None:
        text = error.message if isinstance(error, PromptopsError) else repr(error)
        with self._lock:
            if self._has_warned:
                return
            self._has_warned = True
        self._tell(f"recording of runs is paused: {text}")

    def _tell(self, text: str) -> None:
        try:
            self._warn_user(text)
        except Exception:  # noqa: BLE001 -- a broken stderr must not stop the application
            self._has_warned = True


def _size(value: object) -> int:
    """Return the approximate number of characters in a record."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, tuple | list):
        return sum(map(_size, value))
    names = getattr(value, "__slots__", ())
    return sum(_size(getattr(value, name, None)) for name in names) if names else 8
