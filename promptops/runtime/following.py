"""Decide when to ask a source, which callers wait, and which state to use until it answers.

An answer of a source is fresh for `refresh` seconds. After three quarters of that, a read starts a
refresh in the background, so that a busy process never waits. A caller that finds an older answer
waits for the source, at most `refresh_timeout` seconds, and then gets the old one, marked as stale.
While the source is unreachable, one caller in each interval (a second, doubling up to `refresh`)
waits like that, and all others get the stale state at once.

So a change at the source at time T is seen by every call that begins after T + `refresh` and ends
later than T + `refresh` + `refresh_timeout`, if the source answers within `refresh_timeout`.

A source on this machine answers at once, so an old answer is read again without waiting.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, SourceUnavailableError
from promptops.runtime.sources.copies import SourceOutage

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.sources.source import Look, Source

FOR_EVER = float("inf")
_AHEAD = 0.75
_FIRST_PAUSE_SECONDS = 1.0
# A clock that continues while the machine sleeps, if the system has one.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Timing:
    """Real time and real threads; tests replace them."""

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)

    def wait(self, done: threading.Event, seconds: float | None) -> bool:
        """Wait for an event, for ever if `seconds` is None; return whether it is set."""
        return done.wait(seconds)

    def start(self, work: Callable[[], None]) -> None:
        """Run something in a daemon thread."""
        threading.Thread(target=work, name="promptops-refresh", daemon=True).start()


@dataclass(slots=True)
class KnownState:
    """The state that the registry uses until the next look.

    `verified_at` is on the registry's clock. `answers` are the results resolved from the look, each
    with the time until which it is used without asking here.
    """

    look: Look
    verified_at: float
    answers: dict[str, tuple[ResolvedPrompt, float]] = field(default_factory=dict)


class _SourceQuestion:
    """One question to the source, and its result."""

    __slots__ = ("asked_at", "done", "error", "state")

    def __init__(self, asked_at: float) -> None:
        self.asked_at = asked_at
        self.done = threading.Event()
        self.state: KnownState | None = None
        self.error: BaseException | None = None

    def answer(self) -> KnownState:
        """Return the result, or raise a copy of the source's error."""
        if isinstance(self.error, PromptopsError):
            raise again(self.error)
        if self.error is not None:
            raise self.error
        assert self.state is not None  # noqa: S101 - it is done, and there was no error
        return self.state


class Following:
    """A source and its known state."""

    def __init__(
        self,
        source: Source,
        *,
        refresh: float,
        refresh_timeout: float,
        max_stale: float,
        timing: Timing,
    ) -> None:
        self.state: KnownState | None = None
        self._source = source
        self._refresh = refresh
        self._patience = refresh_timeout
        self._max_stale = max(max_stale, refresh)
        self._timing = timing
        self._question: _SourceQuestion | None = None
        self._asked_at = -FOR_EVER
        self._refusal: PromptopsError | None = None
        self._outage: SourceOutage | None = None  # while the source is unreachable or refused
        self._outage_until = -FOR_EVER
        self._make_locks()

    def _make_locks(self) -> None:
        # Held only for moments, never while asking the source.
        self._lock = threading.Lock()
        # Held while local data is read.
        self._reading = threading.RLock()

    @property
    def good_for_seconds(self) -> float:
        """The time in seconds for which an answer is used without asking here."""
        return self._refresh if self._source.is_local else self._refresh * _AHEAD

    @property
    def complaints(self) -> tuple[str, ...]:
        """Warnings that say why there is no newer state."""
        outage = self._outage
        return () if outage is None else (f"the source is unreachable: {outage.message}",)

    def current(self) -> tuple[KnownState, bool]:
        """Return the state to answer from, and whether it is stale."""
        state = self.state
        if state is None:
            return self._begin()
        age = self._timing.now() - state.verified_at
        if self._source.is_local:
            return (state, False) if age < self._refresh else self._read_again(state, age)
        if age < self._refresh:
            if age >= self._refresh * _AHEAD and self._may_wait():
                self._ask(self._source.update)
            return state, False
        return self._ask_briefly(state, age)

    def last_known(self) -> KnownState:
        """Return a state of any age, for data that never changes."""
        with self._reading:
            if self.state is not None:
                return self.state
            look = self._source.look()
            if look is not None:
                return self._adopt(look)
        return self._begin()[0]

    def update(self) -> KnownState:
        """Ask the source now, and wait without a timeout."""
        return self._ask_again(self._source.update).answer()

    def repair(self) -> KnownState | None:
        """Recreate the copy on disk; None if the source has none."""
        question = self._ask_again(self._source.repair)
        return None if question.error is None and question.state is None else question.answer()

    def ask_briefly(self, every_seconds: float) -> KnownState | None:
        """Ask with a short wait, unless that was just done; None without an answer."""
        if self._source.is_local:
            return self.current()[0]
        if self._timing.now() - self._asked_at <= every_seconds:
            return None
        question, _ = self._ask(self._source.update)
        if not self._timing.wait(question.done, self._patience):
            return None
        return None if isinstance(question.error, SourceUnavailableError) else question.answer()

    def after_fork(self) -> None:
        """Drop the state of the parent's other threads in a forked child."""
        self._make_locks()
        self._question = None

    # Asking

    def _begin(self) -> tuple[KnownState, bool]:
        """Return the first state: the copy on disk if fresh, else ask the source."""
        with self._reading:
            if self.state is not None:
                return self.current()
            look = self._source.look()
            if look is None or self._source.is_local:
                return (self._ask_until_answered() if look is None else self._adopt(look)), False
            state = self._adopt(look)
            age = self._timing.now() - state.verified_at
            if age < self._refresh and not look.is_doubtful:
                return state, False
            if self._source.folder is not None:
                self._use_outage(self._source.folder.read_outage())
        return self._ask_briefly(state, age)

    def _use_outage(self, outage: SourceOutage | None) -> None:
        """Use the failure that another process recorded."""
        if outage is None:
            return
        rest = outage.since_seconds + outage.pause_seconds - time.time()
        if 0 < rest <= self._refresh:
            self._outage = outage
            self._outage_until = self._timing.now() + rest

    def _read_again(self, known: KnownState, age: float) -> tuple[KnownState, bool]:
        """Read local data again; while it is missing, keep the old state."""
        with self._reading:
            if self.state is not None and self.state is not known:
                return self.current()
            try:
                return self._adopt(self._source.update(), self._timing.now()), False
            except SourceUnavailableError as error:
                if age > self._max_stale:
                    raise
                self._record_outage(error.message)
                return known, True

    def _ask_briefly(self, state: KnownState, age: float) -> tuple[KnownState, bool]:
        """Ask and wait; if that fails, use the known state while it is allowed."""
        if age > self._max_stale:
            return self._ask_until_answered(), False
        if self._may_wait():
            question, _ = self._ask(self._source.update)
            if not self._timing.wait(question.done, self._patience):
                self._record_outage(f"there was no answer within {self._patience:g} s")
            elif not isinstance(question.error, SourceUnavailableError):
                return question.answer(), False
        if self._refusal is not None:
            raise again(self._refusal)
        newest = self.state or state
        return newest, newest is state

    def _ask_until_answered(self) -> KnownState:
        """Ask and wait without a timeout: there is nothing else to serve."""
        question, _ = self._ask(self._source.update)
        self._timing.wait(question.done, None)
        return question.answer()

    def _may_wait(self) -> bool:
        """Return whether this caller waits; if the source is unreachable, only one per interval
        does.
        """
        with self._lock:
            outage, now = self._outage, self._timing.now()
            if outage is None:
                return True
            if now < self._outage_until:
                return False
            pause = min(2 * outage.pause_seconds, self._refresh)
            self._outage = SourceOutage(time.time(), pause, outage.message)
            self._outage_until = now + pause
            return True

    def _record_outage(self, message: str) -> None:
        with self._lock:
            pause = min(_FIRST_PAUSE_SECONDS, self._refresh)
            if self._outage is None:
                self._outage_until = self._timing.now() + pause
            else:
                pause = self._outage.pause_seconds
            outage = self._outage = SourceOutage(time.time(), pause, message)
        if self._source.folder is not None:
            self._source.folder.write_outage(outage)

    def _ask(self, ask: Callable[[], Look | None]) -> tuple[_SourceQuestion, bool]:
        """Start a question unless there is one; return it, and whether it is new."""
        with self._lock:
            running = self._question
            if running is not None:
                return running, False
            question = self._question = _SourceQuestion(self._timing.now())
        self._asked_at = question.asked_at
        try:
            self._timing.start(lambda: self._hear(question, ask))
        except RuntimeError:  # no more threads available
            self._hear(question, ask)
        return question, True

    def _ask_again(self, ask: Callable[[], Look | None]) -> _SourceQuestion:
        """Start a new question and wait, because a pending answer may be older than this call."""
        while True:
            question, is_new = self._ask(ask)
            self._timing.wait(question.done, None)
            if is_new:
                return question

    def _hear(self, question: _SourceQuestion, ask: Callable[[], Look | None]) -> None:
        try:
            look = ask()
            if look is not None:
                question.state = self._adopt(look, question.asked_at)
        except SourceUnavailableError as error:
            question.error = error
            self._record_outage(error.message)
        except PromptopsError as error:
            question.error = self._refusal = error
            self._record_outage(error.message)
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits
            question.error = error
        finally:
            self._question = None
            question.done.set()

    def _adopt(self, look: Look, asked_at: float | None = None) -> KnownState:
        """Use a look from now on; with `asked_at` it is a fresh answer of the source."""
        verified_at = self._timing.now() - look.age_seconds
        if asked_at is not None:
            verified_at = max(verified_at, asked_at)
            if not look.is_doubtful:
                with self._lock:
                    self._outage = self._refusal = None
                if self._source.folder is not None:
                    self._source.folder.write_outage(None)
        state = KnownState(look, verified_at)
        before = self.state
        if before is not None:
            known = before.answers.copy()  # copied in one step: other threads may be adding to it
            state.answers.update(
                {ref: answer for ref, answer in known.items() if answer[1] == FOR_EVER}
            )
        self.state = state
        return state


def again(error: PromptopsError) -> PromptopsError:
    """Copy an error: one raised in another thread has that thread's traceback."""
    return type(error)(error.message, hint=error.hint)
