"""Breakers: a model that keeps failing is not asked for a while.

The state of a model's breaker is a note in the ledger, so all processes share it: *closed* counts
failures, *open* refuses until a cooldown is over, *half-open* lets one probe through and refuses
everybody else until it is known how the probe went.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import PromptopsError
from promptops.runtime.alerts.alert import Alert
from promptops.runtime.guards.ledger import LedgerError
from promptops.runtime.guards.memory import MemoryLedger

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.repository.settings.guards import BreakerSettings
    from promptops.runtime.guards.ledger import Ledger

# A probe that says nothing for so long has died with its process.
PROBE_SECONDS = 120.0
_OPEN_SECONDS = 86_400.0
# Many processes may fail at once; each of their writes can make another one try again.
_TRIES = 50


class BreakerOpenError(PromptopsError):
    """The model failed too often lately and is not asked now.

    Attributes:
        model: the model.
        frees_at_seconds: when it may be tried again, in seconds since 1970.
    """

    def __init__(self, model: str, frees_at_seconds: float) -> None:
        super().__init__(
            f"{model} failed too often, and is not asked for a while",
            hint="declare `fallbacks` in the prompt, or wait until the model answers again",
        )
        self.model = model
        self.frees_at_seconds = frees_at_seconds

    def __reduce__(self) -> tuple[type[BreakerOpenError], tuple[str, float]]:
        return (type(self), (self.model, self.frees_at_seconds))


class _State(NamedTuple):
    """A breaker: closed while `open_until` is 0; `probe` names the one that may try."""

    failures: tuple[float, ...] = ()
    open_until: float = 0.0
    probe: str = ""

    def text(self) -> str:
        return json.dumps([list(self.failures), self.open_until, self.probe])


class Permit:
    """Leave to make one request to a model; say afterwards how it went, or the probe is lost."""

    __slots__ = ("_breakers", "_is_used", "_model", "_probe")

    def __init__(self, breakers: Breakers, model: str, probe: str) -> None:
        self._breakers = breakers
        self._model = model
        self._probe = probe
        self._is_used = False

    @property
    def is_probe(self) -> bool:
        """Whether this is the one request that tries a model whose breaker is half-open."""
        return bool(self._probe)

    def succeeded(self) -> None:
        """The model answered; closes a half-open breaker."""
        if not self._is_used:
            self._is_used = True
            if self._probe:
                self._breakers.end_probe(self._model, self._probe, is_closed=True)

    def failed(self) -> None:
        """The model failed by its own fault; opens the breaker when that was once too often."""
        if self._is_used:
            return
        self._is_used = True
        if self._probe:
            self._breakers.end_probe(self._model, self._probe, is_closed=False)
        else:
            self._breakers.count_failure(self._model)

    def abandoned(self) -> None:
        """The request says nothing about the model, such as one that the caller cancelled."""
        if not self._is_used:
            self._is_used = True
            if self._probe:
                self._breakers.return_probe(self._model, self._probe)


class Breakers:
    """The breakers of all models.

    While the ledger is out of reach the breakers of this process work alone: a breaker saves
    waiting, it does not guard money.
    """

    def __init__(
        self,
        settings: BreakerSettings,
        ledger: Ledger,
        *,
        clock: Callable[[], float],
        token: Callable[[], str],
        notify: Callable[[Alert], None] | None = None,
    ) -> None:
        """Args: settings, where the state is, the time, new unique texts, whom to tell."""
        self._settings = settings
        self._ledger = ledger
        self._local = MemoryLedger()
        self._clock = clock
        self._token = token
        self._notify = notify

    def allow(self, model: str) -> Permit:
        """Return leave to ask `model` once; raises BreakerOpenError."""
        permit: Permit | None = None

        def change(state: _State, now: float) -> _State:
            nonlocal permit
            permit = None
            if not state.open_until:
                permit = Permit(self, model, "")
                return state
            if now < state.open_until:
                raise BreakerOpenError(model, state.open_until)
            probe = self._token()
            permit = Permit(self, model, probe)
            # Until the probe has answered, nobody else may ask.
            return state._replace(open_until=now + PROBE_SECONDS, probe=probe)

        if not self._change(model, change) or permit is None:
            # So many others write this breaker right now that one of them has the probe.
            raise BreakerOpenError(model, self._clock() + 1)
        return permit

    def is_open(self, model: str) -> bool:
        """Whether the model is not asked now."""
        now = self._clock()
        return now < self._read(self._ledger, model, now)[1].open_until

    def count_failure(self, model: str) -> None:
        """Count one failure of `model`."""
        opened = False

        def change(state: _State, now: float) -> _State:
            nonlocal opened
            opened = False
            if state.open_until:
                return state
            settings = self._settings
            # A failure from the future is one from before the clock was set back.
            recent = [at for at in state.failures if 0 <= now - at < settings.window_seconds]
            failures = (*recent, now)
            if len(failures) < settings.failures:
                return _State(failures)
            opened = True
            return _State((), now + settings.cooldown_seconds)

        self._change(model, change)
        if opened:
            self._tell(model)

    def end_probe(self, model: str, probe: str, *, is_closed: bool) -> None:
        """Close or open the breaker after its probe; a probe that was replaced says nothing."""

        def change(state: _State, now: float) -> _State:
            if state.probe != probe:
                return state
            return _State() if is_closed else _State((), now + self._settings.cooldown_seconds)

        self._change(model, change)

    def return_probe(self, model: str, probe: str) -> None:
        """Let the next one probe."""

        def change(state: _State, now: float) -> _State:
            return _State((), now) if state.probe == probe else state

        self._change(model, change)

    def _change(self, model: str, change: Callable[[_State, float], _State]) -> bool:
        try:
            return self._swap(self._ledger, model, change)
        except LedgerError:
            return self._swap(self._local, model, change)

    def _swap(self, ledger: Ledger, model: str, change: Callable[[_State, float], _State]) -> bool:
        for _ in range(_TRIES):
            now = self._clock()
            old, state = self._read(ledger, model, now)
            new = change(state, now)
            if new == state:
                return True
            value = new.text() if new != _State() else None
            # An open breaker is kept, so that the first request of a quiet night still probes.
            kept_seconds = _OPEN_SECONDS if new.open_until else self._settings.window_seconds
            until = max(now, new.open_until) + kept_seconds
            if ledger.swap_note(_note(model), old, value, until=until, now=now):
                return True
        return False

    def _read(self, ledger: Ledger, model: str, now: float) -> tuple[str | None, _State]:
        text = ledger.read_note(_note(model), now=now)
        if text is None:
            return None, _State()
        failures, open_until, probe = _parse(text)
        # Further in the future than any breaker opens: the clock was set back. A probe decides.
        longest = max(self._settings.cooldown_seconds, PROBE_SECONDS)
        if open_until > now + longest:
            open_until = now
        return text, _State(failures, open_until, probe)

    def _tell(self, model: str) -> None:
        if self._notify is not None:
            now = self._clock()
            self._notify(
                Alert(
                    "breaker",
                    f"{model} keeps failing",
                    f"{self._settings.failures} requests failed within "
                    f"{self._settings.window_seconds:g} s. Prompts with fallbacks use those; "
                    f"others fail until the model answers again.",
                    f"breaker/{model}",
                    now + max(self._settings.window_seconds, self._settings.cooldown_seconds),
                )
            )


def _note(model: str) -> str:
    return f"breaker/{model}"


def _parse(text: str) -> tuple[tuple[float, ...], float, str]:
    value: Any = json.loads(text)
    failures, open_until, probe = value
    return tuple(failures), float(open_until), str(probe)
