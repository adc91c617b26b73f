"""Notify observers of runs: never raises, never waits, reports each failure once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.log.record import AttemptRecord, RunRecord


class Observer(Protocol):
    """The interface of telemetry observers."""

    def begin(self, run: RunRecord) -> object:
        """Handle the start of a run, or its continuation; return a value that `end` gets."""
        ...

    def end(self, run: RunRecord, attempts: Sequence[AttemptRecord], begun: object) -> None:
        """Handle the end of a run, with the attempts since its start or continuation."""
        ...

    def event(self, kind: str, detail: Mapping[str, object]) -> None:
        """Handle an event of all runs, such as an alert."""
        ...

    def close(self) -> None:
        """Send pending data, in a bounded time."""
        ...


class Telemetry:
    """Notifies every observer; a failing one affects neither the run nor the others."""

    def __init__(self, observers: Sequence[Observer], warn: Callable[[str], None]) -> None:
        """Store the observers, and a function that warns once about failures."""
        self._observers = tuple(observers)
        self._warn = warn
        self._has_warned = False

    def begin(self, run: RunRecord) -> tuple[object, ...]:
        """Notify observers that a run begins."""
        return tuple(self._try(one.begin, run) for one in self._observers)

    def end(
        self, run: RunRecord, attempts: Sequence[AttemptRecord], begun: tuple[object, ...]
    ) -> None:
        """Notify observers that a run ended."""
        for one, token in zip(self._observers, begun, strict=False):
            self._try(one.end, run, attempts, token)

    def event(self, kind: str, detail: Mapping[str, object]) -> None:
        """Notify observers of an event of all runs."""
        for one in self._observers:
            self._try(one.event, kind, detail)

    def close(self) -> None:
        """Send pending data, in a bounded time."""
        for one in self._observers:
            self._try(one.close)

    def _try(self, told: Callable[..., object], *arguments: object) -> object:
        try:
            return told(*arguments)
        except Exception as error:  # noqa: BLE001 - the application must go on
            if not self._has_warned:
                self._has_warned = True
                self._warn(f"telemetry failed: {type(error).__name__}: {error}")
            return None
