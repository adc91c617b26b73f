"""Breakers: a model that keeps failing is not asked for a while.

The state of a model's breaker is a note in the ledger, so all processes share it: *closed* counts
failures, *open* refuses until a cooldown is over, *half-open* lets one probe through and refuses
all other requests until its outcome is known.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import PromptopsError
from promptops.runtime.alerts.alert import Alert
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.ledger import GIVING_BACK, LedgerBusyError, LedgerError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from promptops.repository.settings.guards import BreakerSettings
    from promptops.runtime.ledger import Ledger

# A probe without a result after this time has died with its process.
PROBE_SECONDS = 120.0
_OPEN_SECONDS = 86_400.0
# The time in seconds for which a closed breaker is cached, if the ledger is on the network.
_CLOSED_SECONDS = 1.0
# The same for a ledger in a file, for services with hundreds of requests a second.
_CLOSED_HERE_SECONDS = 0.05
# Concurrent failures of many processes conflict; each write may force another retry.
_TRIES = 50


class BreakerOpenError(PromptopsError):
    """The model failed too often lately and is not called for a while.

    Attributes:
        model: the model.
        frees_at_seconds: when it may be tried again, in seconds since 1970.
    """

    page = "docs/guards.md#breakers"

    def __init__(self, model: str, frees_at_seconds: float) -> None:
        super().__init__(
            f"{model} failed too often and is paused",
            hint="add fallbacks to the prompt, or wait until the model answers again",
        )
        self.model = model
        self.frees_at_seconds = frees_at_seconds


class _BreakerState(NamedTuple):
    """The state of a breaker: closed while `open_until` is 0; `probe` is the id of the probe."""

    failures: tuple[float, ...] = ()
    open_until: float = 0.0
    probe: str = ""

    def text(self) -> str:
        return json.dumps([list(self.failures), self.open_until, self.probe])


class Permit:
    """Permission for one request to a model; without a report of its outcome, a probe is lost."""

    __slots__ = ("_breakers", "_is_used", "_model", "_probe")

    def __init__(self, breakers: Breakers, model: str, probe: str) -> None:
        self._breakers = breakers
        self._model = model
        self._probe = probe
        self._is_used = False

    @property
    def is_probe(self) -> bool:
        """Whether this is the probe of a half-open breaker."""
        return bool(self._probe)

    def report(self, *, is_healthy: bool | None) -> None:
        """Report the outcome: success, failure, or unknown (None)."""
        action = self._action(is_healthy=is_healthy)
        if action is not None:
            action(True)

    async def areport(self, *, is_healthy: bool | None) -> None:
        """As `report`, without blocking the event loop."""
        action = self._action(is_healthy=is_healthy)
        if action is None:
            return
        try:
            action(False)
        except LedgerBusyError:
            import asyncio

            # The report must be sent even if the caller is cancelled.
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, action, True))

    def _action(self, *, is_healthy: bool | None) -> Callable[[bool], None] | None:
        """Return the action on the breaker, which takes whether it may wait."""
        if self._is_used:
            return None
        self._is_used = True
        breakers, model, probe = self._breakers, self._model, self._probe
        if probe:
            return lambda wait: breakers.end_probe(model, probe, is_closed=is_healthy, wait=wait)
        if is_healthy is False:
            return lambda wait: breakers.count_failure(model, wait=wait)
        return None


class Breakers:
    """The breakers of all models.

    While the ledger is unreachable, this process uses its own breakers, because a breaker saves
    waiting time and does not protect money.
    """

    def __init__(
        self,
        settings: BreakerSettings,
        ledger: Ledger,
        *,
        clock: Callable[[], float],
        token: Callable[[], str],
        notify: Callable[[Alert], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Store settings, ledger, clock, generator of unique ids, and receiver of alerts."""
        self._settings = settings
        self._ledger = ledger
        self._local = MemoryLedger()
        self._clock = clock
        self._token = token
        self._notify = notify
        self._monotonic = monotonic
        self._closed: dict[str, float] = {}

    def allow(self, model: str, *, wait: bool = True) -> Permit:
        """Return permission for one request to `model`. Raises BreakerOpenError.

        With a networked ledger, changes by other processes are seen within a second. With
        `wait=False`, raises LedgerBusyError instead of waiting.
        """
        if self._monotonic() < self._closed.get(model, 0.0):
            return Permit(self, model, "")
        permit: Permit | None = None

        def change(state: _BreakerState, now: float) -> _BreakerState:
            nonlocal permit
            permit = None
            if not state.open_until:
                permit = Permit(self, model, "")
                return state
            if now < state.open_until:
                raise BreakerOpenError(model, state.open_until)
            probe = self._token()
            permit = Permit(self, model, probe)
            # Until the probe has answered, no other request may be sent.
            return state._replace(open_until=now + PROBE_SECONDS, probe=probe)

        if not self._change(model, change, wait=wait) or permit is None:
            # Many others are writing this breaker, so one of them has the probe.
            raise BreakerOpenError(model, self._clock() + 1)
        if not permit.is_probe:
            seconds = _CLOSED_SECONDS if self._ledger.is_remote else _CLOSED_HERE_SECONDS
            self._closed[model] = self._monotonic() + seconds
        return permit

    async def aallow(self, model: str) -> Permit:
        """As `allow`, without blocking the event loop."""
        try:
            return self.allow(model, wait=False)
        except LedgerBusyError:
            pass
        import asyncio

        task = asyncio.get_running_loop().run_in_executor(None, self.allow, model)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The thread goes on; release the probe that it may get.
            task.add_done_callback(_give_back)
            raise

    def is_open(self, model: str) -> bool:
        """Return whether the model's breaker is open."""
        now = self._clock()
        try:
            state = self._read(self._ledger, model, now, wait=True)[1]
        except LedgerError:
            state = self._read(self._local, model, now, wait=True)[1]
        return now < state.open_until

    def count_failure(self, model: str, *, wait: bool = True) -> None:
        """Count one failure of `model`."""
        self._closed.pop(model, None)
        opened = False

        def change(state: _BreakerState, now: float) -> _BreakerState:
            nonlocal opened
            opened = False
            if state.open_until:
                return state
            settings = self._settings
            # A failure in the future was recorded before the clock was set back.
            recent = [at for at in state.failures if 0 <= now - at < settings.window_seconds]
            failures = (*recent, now)
            if len(failures) < settings.failures:
                return _BreakerState(failures)
            opened = True
            return _BreakerState((), now + settings.cooldown_seconds)

        self._change(model, change, wait=wait)
        if opened:
            self._tell(model)

    def end_probe(
        self, model: str, probe: str, *, is_closed: bool | None, wait: bool = True
    ) -> None:
        """Close or open the breaker after its probe, or allow another probe (None).

        The result of a replaced probe is ignored.
        """

        def change(state: _BreakerState, now: float) -> _BreakerState:
            if state.probe != probe:
                return state
            if is_closed is None:
                return _BreakerState((), now)
            return (
                _BreakerState()
                if is_closed
                else _BreakerState((), now + self._settings.cooldown_seconds)
            )

        self._change(model, change, wait=wait)

    def _change(
        self, model: str, change: Callable[[_BreakerState, float], _BreakerState], *, wait: bool
    ) -> bool:
        try:
            return self._swap(self._ledger, model, change, wait=wait)
        except LedgerBusyError:
            raise
        except LedgerError:
            return self._swap(self._local, model, change, wait=wait)

    def _swap(
        self,
        ledger: Ledger,
        model: str,
        change: Callable[[_BreakerState, float], _BreakerState],
        *,
        wait: bool,
    ) -> bool:
        for _ in range(_TRIES):
            now = self._clock()
            old, state = self._read(ledger, model, now, wait=wait)
            new = change(state, now)
            if new == state:
                return True
            value = new.text() if new != _BreakerState() else None
            # Keep an open breaker, so that the next request is a probe, even much later.
            kept_seconds = _OPEN_SECONDS if new.open_until else self._settings.window_seconds
            until = max(now, new.open_until) + kept_seconds
            if ledger.swap_note(_note(model), old, value, until=until, now=now, wait=wait):
                return True
        return False

    def _read(
        self, ledger: Ledger, model: str, now: float, *, wait: bool
    ) -> tuple[str | None, _BreakerState]:
        text = ledger.read_note(_note(model), now=now, wait=wait)
        if text is None:
            return None, _BreakerState()
        failures, open_until, probe = _parse(text)
        # Too far in the future: the clock was set back. Let a probe decide.
        longest = max(self._settings.cooldown_seconds, PROBE_SECONDS)
        if open_until > now + longest:
            open_until = now
        return text, _BreakerState(failures, open_until, probe)

    def _tell(self, model: str) -> None:
        if self._notify is not None:
            now = self._clock()
            self._notify(
                Alert(
                    "breaker",
                    f"{model} keeps failing",
                    f"{self._settings.failures} requests failed within "
                    f"{self._settings.window_seconds:g} s. Prompts with fallbacks use them; "
                    "others fail until the model answers again.",
                    f"breaker/{model}",
                    now + max(self._settings.window_seconds, self._settings.cooldown_seconds),
                )
            )


def _give_back(task: asyncio.Future[Permit]) -> None:
    import asyncio

    with suppress(asyncio.CancelledError, BreakerOpenError, LedgerError):
        permit = task.result()
        # In a thread: this runs in the event loop.
        given = {"is_healthy": None}
        threading.Thread(target=permit.report, kwargs=given, name=GIVING_BACK, daemon=True).start()


def _note(model: str) -> str:
    return f"breaker/{model}"


def _parse(text: str) -> tuple[tuple[float, ...], float, str]:
    value: Any = json.loads(text)
    failures, open_until, probe = value
    return tuple(failures), float(open_until), str(probe)
