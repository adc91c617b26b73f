"""Tells of runs while they happen: never raises, waits for nothing, says once what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.log.record import AttemptRecord, RunRecord


class Observer(Protocol):
    """The interface of telemetry observers."""

    def begin(self, run: RunRecord) -> object:
        """Hear that a run begins, or goes on after tools; return what `end` gets back."""
        ...

    def end(self, run: RunRecord, attempts: Sequence[AttemptRecord], begun: object) -> None:
        """Hear how it ended, and of the attempts that it made since it began or went on."""
        ...

    def event(self, kind: str, detail: Mapping[str, object]) -> None:
        """Hear what happened to all runs, such as an alert."""
        ...

    def close(self) -> None:
        """Hand over what waits, in a bounded time."""
        ...


class Telemetry:
    """Tells every observer, and keeps what is wrong with one from the run and from the others."""

    def __init__(self, observers: Sequence[Observer], warn: Callable[[str], None]) -> None:
        """Args: the observers, and a function that warns once about failures."""
        self._observers = tuple(observers)
        self._warn = warn
        self._has_warned = False

    def begin(self, run: RunRecord) -> tuple[object, ...]:
        """Tell that a run begins."""
        return tuple(self._try(one.begin, run) for one in self._observers)

    def end(
        self, run: RunRecord, attempts: Sequence[AttemptRecord], begun: tuple[object, ...]
    ) -> None:
        """Tell how a run ended."""
        for one, token in zip(self._observers, begun, strict=False):
            self._try(one.end, run, attempts, token)

    def event(self, kind: str, detail: Mapping[str, object]) -> None:
        """Tell what happened to all runs."""
        for one in self._observers:
            self._try(one.event, kind, detail)

    def close(self) -> None:
        """Hand over what waits, in a bounded time."""
        for one in self._observers:
            self._try(one.close)

    def _try(self, told: Callable[..., object], *arguments: object) -> object:
        try:
            return told(*arguments)
        except Exception as error:  # noqa: BLE001 - the application must go on
            if not self._has_warned:
                self._has_warned = True
                self._warn(f"telemetry does not work: {type(error).__name__}: {error}")
            return None
