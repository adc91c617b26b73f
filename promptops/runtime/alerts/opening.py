"""Build an alerter from the configuration and the process's environment."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from promptops.runtime.alerts.alerter import Alerter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.repository.settings.alerts import AlertSettings, ChannelSettings
    from promptops.runtime.alerts.alert import AlertMessage
    from promptops.runtime.ledger import Ledger


def name_source(settings: AlertSettings) -> str:
    """Return the source named in alerts."""
    return settings.service or platform.node() or "promptops"


def open_alerter(
    settings: AlertSettings,
    environment: Mapping[str, str],
    *,
    ledger: Ledger,
    clock: Callable[[], float],
    warn: Callable[[str], None],
    record: Callable[[str, Mapping[str, object]], None] | None = None,
) -> Alerter:
    """Return an alerter; arguments as for `Alerter`."""

    def send_one(
        message: AlertMessage, channel: ChannelSettings, sleep: Callable[[float], object]
    ) -> None:
        # Imported here: it loads an HTTP client, which a process without alerts does not need.
        from promptops.runtime.alerts.sending import send

        send(message, channel, environment=environment, sleep=sleep, clock=clock)

    return Alerter(
        settings.channels,
        send_one,
        ledger=ledger,
        source=name_source(settings),
        clock=clock,
        warn=warn,
        record=record,
    )
