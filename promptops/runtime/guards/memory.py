"""A ledger in memory: for tests of applications, and while a shared one is unreachable."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, NamedTuple

from promptops.runtime.ledger import (
    LATE_SECONDS,
    PRUNE_SECONDS,
    Ledger,
    Reset,
    Standing,
    choose_horizon,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.runtime.ledger import Charge, Refusal, Unit

_LEDGERS: weakref.WeakSet[MemoryLedger] = weakref.WeakSet()


def _renew_locks() -> None:
    for ledger in _LEDGERS:
        ledger.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


class _MemoryWindow:
    __slots__ = ("ends_at", "kept_until", "used")

    def __init__(self, charge: Charge) -> None:
        self.used = 0
        self.ends_at = charge.ends_at
        self.kept_until = charge.kept_until


class _HeldReservation(NamedTuple):
    charges: tuple[Charge, ...]
    expires_at: float


class MemoryLedger(Ledger):
    """A ledger in memory, private to this process."""

    is_remote = False

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Store a monotonic clock, for deleting old windows regularly."""
        self._windows: dict[str, _MemoryWindow] = {}
        self._reservations: dict[str, _HeldReservation] = {}
        self._notes: dict[str, tuple[str, float]] = {}
        self._resets: list[Reset] = []
        self._monotonic = monotonic
        self._next_prune = monotonic()
        self._horizon: float | None = None
        self._lock = threading.Lock()
        _LEDGERS.add(self)

    def renew_lock(self) -> None:
        """Replace the lock, which a thread of the parent process may have held at the fork."""
        self._lock = threading.Lock()

    def reserve(
        self,
        key: str,
        charges: Sequence[Charge],
        *,
        lease_seconds: float,
        now: float,
        wait: bool = True,  # noqa: ARG002 - it never waits
    ) -> Refusal | None:
        """Reserve all charges or none; see `Ledger`."""
        with self._lock:
            if key in self._reservations:
                return None
            windows = self._windows
            used = {name: windows[name].used for name, *_ in charges if name in windows}
            refusal = refuse(charges, used)
            if refusal is not None:
                return refusal
            for charge in charges:
                window = self._windows.get(charge.window)
                if window is None:
                    window = self._windows[charge.window] = _MemoryWindow(charge)
                window.used += charge.amount
            self._reservations[key] = _HeldReservation(tuple(charges), now + lease_seconds)
            self._prune(now)
            return None

    def settle(
        self,
        key: str,
        amounts: Mapping[Unit, int],
        *,
        now: float,  # noqa: ARG002 - a settlement is never too late here
        wait: bool = True,  # noqa: ARG002 - it never waits
    ) -> bool:
        """Replace the reservation of `key` by the actual use; see `Ledger`."""
        with self._lock:
            reservation = self._reservations.pop(key, None)
            if reservation is None:
                return False
            for charge in reservation.charges:
                window = self._windows.get(charge.window)
                if window is not None:
                    window.used += amounts.get(charge.unit, charge.amount) - charge.amount
            return True

    def release(self, key: str, *, now: float, wait: bool = True) -> bool:
        """Delete the reservation of `key`; see `Ledger`."""
        return self.settle(key, {"micros": 0, "calls": 0, "tokens": 0}, now=now, wait=wait)

    def spent(self, windows: Sequence[str], *, now: float) -> Mapping[str, Standing]:
        """Return the use of these windows; see `Ledger`."""
        with self._lock:
            held = self._sum_reservations(now)
            return {name: self._standing(name, held) for name in windows if name in self._windows}

    def standings(self, *, now: float) -> Sequence[Standing]:
        """Return every window that has not ended; see `Ledger`."""
        with self._lock:
            held = self._sum_reservations(now)
            return [
                self._standing(name, held)
                for name, window in self._windows.items()
                if window.ends_at > now
            ]

    def reset(self, windows: Sequence[str], *, by: str, reason: str, now: float) -> Reset:
        """Reset windows to the reservations of running attempts; see `Ledger`."""
        with self._lock:
            held = self._sum_reservations(now)
            known = [name for name in windows if name in self._windows]
            record = Reset(
                now, by, reason, tuple((name, self._windows[name].used) for name in known)
            )
            for name in known:
                self._windows[name].used = held.get(name, 0)
            self._forget_expired(set(known), now)
            self._resets.insert(0, record)
            return record

    def resets(self) -> Sequence[Reset]:
        """Return the recorded resets, newest first; see `Ledger`."""
        with self._lock:
            return tuple(self._resets)

    def read_note(
        self,
        key: str,
        *,
        now: float,
        wait: bool = True,  # noqa: ARG002 - it never waits
    ) -> str | None:
        """Return the note's text; see `Ledger`."""
        with self._lock:
            return self._note(key, now)

    def swap_note(
        self,
        key: str,
        expected: str | None,
        value: str | None,
        *,
        until: float,
        now: float,
        wait: bool = True,  # noqa: ARG002 - it never waits
    ) -> bool:
        """Replace a note if it still reads `expected`; see `Ledger`."""
        with self._lock:
            if self._note(key, now) != expected:
                return False
            if value is None:
                self._notes.pop(key, None)
            else:
                self._notes[key] = (value, until)
            return True

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _note(self, key: str, now: float) -> str | None:
        note = self._notes.get(key)
        return note[0] if note is not None and note[1] > now else None

    def _sum_reservations(self, now: float) -> dict[str, int]:
        held: dict[str, int] = {}
        for reservation in self._reservations.values():
            if reservation.expires_at > now:
                for charge in reservation.charges:
                    held[charge.window] = held.get(charge.window, 0) + charge.amount
        return held

    def _standing(self, name: str, held: Mapping[str, int]) -> Standing:
        window = self._windows[name]
        return Standing(name, window.used, held.get(name, 0), window.ends_at)

    def _forget_expired(self, windows: set[str], now: float) -> None:
        """Drop windows from expired reservations, so that a late settlement cannot go below 0."""
        for key, reservation in list(self._reservations.items()):
            if reservation.expires_at <= now:
                kept = tuple(one for one in reservation.charges if one.window not in windows)
                self._reservations[key] = reservation._replace(charges=kept)

    def _prune(self, now: float) -> None:
        if self._monotonic() < self._next_prune:
            return
        self._next_prune = self._monotonic() + PRUNE_SECONDS
        horizon = self._horizon = choose_horizon(self._horizon, now)
        for name in [name for name, one in self._windows.items() if one.kept_until < horizon]:
            del self._windows[name]
        late = horizon - LATE_SECONDS
        for key in [key for key, one in self._reservations.items() if one.expires_at < late]:
            del self._reservations[key]
        for key in [key for key, (_, until) in self._notes.items() if until <= horizon]:
            del self._notes[key]
