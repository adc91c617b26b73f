"""An alert for the tests of sending, and what is sent of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.runtime.alerts.alert import Alert, AlertMessage
from promptops.runtime.alerts.sending import send

if TYPE_CHECKING:
    from promptops.repository.settings.alerts import ChannelSettings

NOW = 1_796_000_400.0
ALERT = Alert("guard", "a <limit> & more", "20 USD are spent.", "guard/x", NOW + 60, "critical")
MESSAGE = AlertMessage(ALERT, "checkout", NOW)
DOCUMENT = {
    "schema": "promptops.alert/v1",
    "kind": "guard",
    "severity": "critical",
    "title": "a <limit> & more",
    "detail": "20 USD are spent.",
    "key": "guard/x",
    "source": "checkout",
    "at": "2026-11-30T01:00:00+00:00",
}


def tell(
    channel: ChannelSettings,
    environment: dict[str, str] | None = None,
    alert: AlertMessage = MESSAGE,
) -> list[float]:
    """Send it; return how long was waited between tries."""
    waits: list[float] = []
    send(
        alert,
        channel,
        environment=environment or {},
        sleep=waits.append,
        clock=lambda: NOW,
    )
    return waits
