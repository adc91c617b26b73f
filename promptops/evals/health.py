"""Remember which models keep failing, so that a run with fallbacks does not wait for each."""

from __future__ import annotations

import time

from promptops.runtime.guards.breaker import BreakerOpenError

_FAILURES = 5
_COOLDOWN_SECONDS = 30.0


class ModelHealth:
    """The failures of one run's models. Evals do not change the breakers of applications.

    Attributes:
        failures: model -> number of consecutive failures.
    """

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}
        self._closed_until: dict[str, float] = {}

    def note(self, model: str, *, is_healthy: bool) -> None:
        """Note whether a model answered."""
        if is_healthy:
            self.failures.pop(model, None)
            return
        self.failures[model] = self.failures.get(model, 0) + 1
        if self.failures[model] >= _FAILURES:
            self._closed_until[model] = time.monotonic() + _COOLDOWN_SECONDS

    def is_out(self, model: str) -> bool:
        """Return whether a model failed repeatedly and recently."""
        if self.failures.get(model, 0) < _FAILURES:
            return False
        return self._closed_until[model] > time.monotonic()

    def check(self, model: str) -> None:
        """Raise BreakerOpenError if the model is out; see `is_out`."""
        if self.is_out(model):
            left = self._closed_until[model] - time.monotonic()
            raise BreakerOpenError(model, time.time() + left)
