"""Send alerts from a separate thread, once for each occasion over all processes.

`notify` neither waits nor raises. A note in the ledger decides which process sends; if the ledger
is unreachable, each process sends once.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from typing import TYPE_CHECKING

from promptops.runtime.alerts.alert import AlertError, AlertMessage
from promptops.runtime.ledger import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.repository.settings.alerts import ChannelSettings
    from promptops.runtime.alerts.alert import Alert
    from promptops.runtime.ledger import Ledger

MAX_WAITING = 1000
_MAX_REMEMBERED = 10_000
_IDLE_SECONDS = 60.0
_CLOSE_SECONDS = 10.0
# The time in seconds after which a failed alert is tried again.
_AGAIN_SECONDS = 60.0


class Alerter:
    """Sends alerts through all channels.

    Attributes:
        lost: the number of alerts dropped because too many were pending.
    """

    def __init__(
        self,
        channels: Sequence[ChannelSettings],
        send: Callable[[AlertMessage, ChannelSettings, Callable[[float], object]], None],
        *,
        ledger: Ledger,
        source: str,
        clock: Callable[[], float],
        warn: Callable[[str], None],
        record: Callable[[str, Mapping[str, object]], None] | None = None,
    ) -> None:
        """Create an alerter; no thread starts before the first alert.

        Args:
            channels: the channels.
            send: sends a message through a channel, with a function that waits.
            ledger: the ledger, which records sent alerts for all processes.
            source: the source named in alerts.
            clock: seconds since 1970.
            warn: called with each failure.
            record: records sent alerts in the run log.
        """
        self.lost = 0
        self._channels = channels
        self._send = send
        self._ledger = ledger
        self._source = source
        self._clock = clock
        self._warn = warn
        self._record = record
        self._renew()

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._token = os.urandom(8).hex()
        self._condition = threading.Condition()
        self._closing = threading.Event()
        self._queue: deque[Alert] = deque()
        self._told: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def notify(self, alert: Alert) -> None:
        """Send an alert, unless it was already sent. Never raises and never waits."""
        if self._pid != os.getpid():
            # After a fork there is no thread, and the parent sends its pending alerts.
            self._renew()
        now = self._clock()
        with self._condition:
            if self._told.get(alert.key, 0.0) > now:
                return
            if len(self._told) >= _MAX_REMEMBERED:
                self._told = {key: until for key, until in self._told.items() if until > now}
            self._told[alert.key] = alert.until
            if self._channels:
                self._enqueue(alert)
                return
        # Warn, except about a guard's refusal, which the caller sees.
        if alert.kind != "guard":
            self._warn(f"{alert.title}: {alert.detail}")

    def _enqueue(self, alert: Alert) -> None:
        if len(self._queue) >= MAX_WAITING:
            self.lost += 1
            return
        self._queue.append(alert)
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="promptops-alerts", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._queue.clear()
                self._warn(f"the alert {alert.title!r} cannot be sent: {error}")
                return
            self._thread = thread
            atexit.register(self.close)
        self._condition.notify_all()

    def close(self, timeout_seconds: float = _CLOSE_SECONDS) -> int:
        """Send pending alerts within this time; return how many were not sent."""
        if self._pid != os.getpid():
            return 0
        atexit.unregister(self.close)
        with self._condition:
            thread = self._thread
            self._closing.set()
            self._condition.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_seconds)
        with self._condition:
            left = len(self._queue) + self.lost
            self._queue.clear()
            self.lost = 0
            self._closing = threading.Event()
        if left:
            self._warn(f"alerts not sent: {left}")
        return left

    def _work(self) -> None:
        while True:
            with self._condition:
                if not self._queue and not self._closing.is_set():
                    self._condition.wait(_IDLE_SECONDS)
                if not self._queue:
                    self._thread = None
                    return
                alert = self._queue[0]
            try:
                self._tell(alert)
            except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
                self._warn(f"the alert {alert.title!r} cannot be sent: {error!r}")
            with self._condition:
                if self._queue and self._queue[0] is alert:
                    self._queue.popleft()

    def _tell(self, alert: Alert) -> None:
        channels = [one for one in self._channels if alert.kind in one.kinds]
        if not channels or not self._claim(alert):
            return
        message = AlertMessage(alert, self._source, self._clock())
        told = []
        for channel in channels:
            try:
                self._send(message, channel, self._closing.wait)
            except AlertError as error:
                self._warn(
                    f"the alert {alert.title!r} did not reach {channel.name}: {error.message}"
                )
            else:
                told.append(channel.name)
        if self._record is not None:
            detail = {
                "kind": alert.kind,
                "title": alert.title,
                "detail": alert.detail,
                "key": alert.key,
                "told": told,
            }
            self._record("alert", detail)
        if not told:
            self._give_up(alert)

    def _claim(self, alert: Alert) -> bool:
        """Return whether this process should send the alert."""
        note, now = _note(alert), self._clock()
        try:
            if self._ledger.swap_note(note, None, self._token, until=alert.until, now=now):
                return True
            # The answer to a first try may have been lost.
            return self._ledger.read_note(note, now=now) == self._token
        except LedgerError:
            return True

    def _give_up(self, alert: Alert) -> None:
        """Allow other processes to try; this process tries again after a pause."""
        now = self._clock()
        again = min(alert.until, now + _AGAIN_SECONDS)
        with self._condition:
            self._told[alert.key] = again
        try:
            self._ledger.swap_note(_note(alert), self._token, None, until=again, now=now)
        except LedgerError:
            return


def _note(alert: Alert) -> str:
    return f"alert/{alert.key}"
