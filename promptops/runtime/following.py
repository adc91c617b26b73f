"""When a source is asked, who waits for it, and what counts until it answers.

What a source said is good for `refresh` seconds. Three quarters through, who reads has it asked
again in the background, so that a busy process never waits. Who finds something older waits
for the source, for `refresh_timeout` seconds at most, before he is given that, marked as stale.
While the source is out of reach one caller in each interval (a second, doubling up to `refresh`)
waits like that, and all others get the stale state at once.

So what happened at the source at T is seen by every call that begins after T + `refresh` and ends
later than T + `refresh` + `refresh_timeout`, while the source answers within `refresh_timeout`.

A source on this machine answers at once; who finds something too old reads it anew.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.errors import PromptopsError, SourceUnavailableError
from promptops.runtime.copies import Silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.source import Look, Source

FOR_EVER = float("inf")
_AHEAD = 0.75
_FIRST_SILENCE_SECONDS = 1.0
# Seconds that go on while the machine sleeps, where the system counts those.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Timing:
    """Time as it passes, and threads that really run; tests put others in place."""

    def now(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)

    def wait(self, done: threading.Event, seconds: float | None) -> bool:
        """Wait for an event, for ever when `seconds` is None; return whether it came."""
        return done.wait(seconds)

    def start(self, work: Callable[[], None]) -> None:
        """Do something in a thread that keeps nobody from ending."""
        threading.Thread(target=work, name="promptops-refresh", daemon=True).start()


@dataclass(slots=True)
class KnownState:
    """What the registry goes by until the next look.

    `verified_at` is on the registry's clock. `answers` are what was resolved from the look, each
    with the time until when it is given without asking here.
    """

    look: Look
    verified_at: float
    answers: dict[str, tuple[ResolvedPrompt, float]] = field(default_factory=dict)


class _SourceQuestion:
    """One question to the source, and what came of it."""

    __slots__ = ("asked_at", "done", "error", "state")

    def __init__(self, asked_at: float) -> None:
        self.asked_at = asked_at
        self.done = threading.Event()
        self.state: KnownState | None = None
        self.error: BaseException | None = None

    def answer(self) -> KnownState:
        """Return what came of it; errors are those of the source, made anew."""
        if isinstance(self.error, PromptopsError):
            raise again(self.error)
        if self.error is not None:
            raise self.error
        assert self.state is not None  # noqa: S101 - it is done, and there was no error
        return self.state


class Following:
    """A source and what is known of it."""

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
        self._silence: Silence | None = None  # while the source is out of reach or refused
        self._quiet_until = -FOR_EVER
        self._make_locks()

    def _make_locks(self) -> None:
        # Held for moments, never while anybody is asked.
        self._lock = threading.Lock()
        # Held while what lies on this machine is read.
        self._reading = threading.RLock()

    @property
    def good_for_seconds(self) -> float:
        """For how long an answer is given without coming here."""
        return self._refresh if self._source.is_local else self._refresh * _AHEAD

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why there is nothing newer."""
        silence = self._silence
        return () if silence is None else (f"the source is out of reach: {silence.message}",)

    def current(self) -> tuple[KnownState, bool]:
        """Return the state to answer from, and whether it is stale."""
        state = self.state
        if state is None:
            return self._begin()
        age = self._timing.now() - state.verified_at
        if self._source.is_local:
            return (state, False) if age < self._refresh else self._read_again(state, age)
        if age < self._refresh:
            if age >= self._refresh * _AHEAD and self._take_turn():
                self._ask(self._source.update)
            return state, False
        return self._renew(state, age)

    def at_hand(self) -> KnownState:
        """Return a state for what never changes: whatever is on disk will do, however old."""
        with self._reading:
            if self.state is not None:
                return self.state
            look = self._source.look()
            if look is not None:
                return self._adopt(look)
        return self._begin()[0]

    def update(self) -> KnownState:
        """Ask the source now, and wait for as long as it takes."""
        return self._ask_anew(self._source.update).answer()

    def repair(self) -> KnownState | None:
        """Have a copy on disk made anew; None where there is none to be made."""
        question = self._ask_anew(self._source.repair)
        return None if question.error is None and question.state is None else question.answer()

    def ask_kindly(self, every_seconds: float) -> KnownState | None:
        """Ask unless that was just done, and wait a little; None without an answer."""
        if self._source.is_local:
            return self.current()[0]
        if self._timing.now() - self._asked_at <= every_seconds:
            return None
        question, _ = self._ask(self._source.update)
        if not self._timing.wait(question.done, self._patience):
            return None
        return None if isinstance(question.error, SourceUnavailableError) else question.answer()

    def after_fork(self) -> None:
        """In a forked child: forget what other threads of the parent were doing."""
        self._make_locks()
        self._question = None

    # Asking

    def _begin(self) -> tuple[KnownState, bool]:
        """Return the first state: the copy on disk while that is good, else asked for."""
        with self._reading:
            if self.state is not None:
                return self.current()
            look = self._source.look()
            if look is None or self._source.is_local:
                return (self._expect() if look is None else self._adopt(look)), False
            state = self._adopt(look)
            age = self._timing.now() - state.verified_at
            if age < self._refresh and not look.is_doubtful:
                return state, False
            if self._source.folder is not None:
                self._heed(self._source.folder.read_silence())
        return self._renew(state, age)

    def _heed(self, silence: Silence | None) -> None:
        """Go by what another process found out about the source."""
        if silence is None:
            return
        rest = silence.since_seconds + silence.pause_seconds - time.time()
        if 0 < rest <= self._refresh:
            self._silence = silence
            self._quiet_until = self._timing.now() + rest

    def _read_again(self, known: KnownState, age: float) -> tuple[KnownState, bool]:
        """Read what lies here anew; while it is gone, what was there counts on."""
        with self._reading:
            if self.state is not None and self.state is not known:
                return self.current()
            try:
                return self._adopt(self._source.update(), self._timing.now()), False
            except SourceUnavailableError as error:
                if age > self._max_stale:
                    raise
                self._fall_silent(error.message)
                return known, True

    def _renew(self, state: KnownState, age: float) -> tuple[KnownState, bool]:
        """Ask and wait; what is known counts on for as long as it may."""
        if age > self._max_stale:
            return self._expect(), False
        if self._take_turn():
            question, _ = self._ask(self._source.update)
            if not self._timing.wait(question.done, self._patience):
                self._fall_silent(f"there was no answer within {self._patience:g} s")
            elif not isinstance(question.error, SourceUnavailableError):
                return question.answer(), False
        if self._refusal is not None:
            raise again(self._refusal)
        newest = self.state or state
        return newest, newest is state

    def _expect(self) -> KnownState:
        """Ask and wait for as long as it takes: nothing else may be served."""
        question, _ = self._ask(self._source.update)
        self._timing.wait(question.done, None)
        return question.answer()

    def _take_turn(self) -> bool:
        """Return whether this caller may wait: all, or one in each interval when the source is
        silent.
        """
        with self._lock:
            silence, now = self._silence, self._timing.now()
            if silence is None:
                return True
            if now < self._quiet_until:
                return False
            pause = min(2 * silence.pause_seconds, self._refresh)
            self._silence = Silence(time.time(), pause, silence.message)
            self._quiet_until = now + pause
            return True

    def _fall_silent(self, message: str) -> None:
        with self._lock:
            pause = min(_FIRST_SILENCE_SECONDS, self._refresh)
            if self._silence is None:
                self._quiet_until = self._timing.now() + pause
            else:
                pause = self._silence.pause_seconds
            silence = self._silence = Silence(time.time(), pause, message)
        if self._source.folder is not None:
            self._source.folder.write_silence(silence)

    def _ask(self, ask: Callable[[], Look | None]) -> tuple[_SourceQuestion, bool]:
        """Have the source asked unless it is; return the question, and whether it is a new one."""
        with self._lock:
            running = self._question
            if running is not None:
                return running, False
            question = self._question = _SourceQuestion(self._timing.now())
        self._asked_at = question.asked_at
        try:
            self._timing.start(lambda: self._hear(question, ask))
        except RuntimeError:  # there are no more threads to be had
            self._hear(question, ask)
        return question, True

    def _ask_anew(self, ask: Callable[[], Look | None]) -> _SourceQuestion:
        """Ask after this moment, and wait: an answer that is on its way may be older."""
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
            self._fall_silent(error.message)
        except PromptopsError as error:
            question.error = self._refusal = error
            self._fall_silent(error.message)
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits
            question.error = error
        finally:
            self._question = None
            question.done.set()

    def _adopt(self, look: Look, asked_at: float | None = None) -> KnownState:
        """Go by a look from now on; one that was `asked_at` some time is news of the source."""
        verified_at = self._timing.now() - look.age_seconds
        if asked_at is not None:
            verified_at = max(verified_at, asked_at)
            if not look.is_doubtful:
                with self._lock:
                    self._silence = self._refusal = None
                if self._source.folder is not None:
                    self._source.folder.write_silence(None)
        state = KnownState(look, verified_at)
        before = self.state
        if before is not None:
            known = before.answers.copy()  # at once: other threads may be adding to it
            state.answers.update(
                {ref: answer for ref, answer in known.items() if answer[1] == FOR_EVER}
            )
        self.state = state
        return state


def again(error: PromptopsError) -> PromptopsError:
    """Make the same error once more: one raised in another thread has that thread's traceback."""
    return type(error)(error.message, hint=error.hint)
