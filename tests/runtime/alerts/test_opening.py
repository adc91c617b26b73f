"""The configuration says who is told of alerts, and what they are told to come from."""

from __future__ import annotations

import platform

import pytest

from promptops.repository.settings.alerts import AlertSettings, ChannelSettings
from promptops.runtime.alerts.opening import name_source, open_alerter
from promptops.runtime.guards.memory import MemoryLedger
from tests.runtime.alerts.pieces import ALERT, NOW
from tests.runtime.alerts.receiver import Receiver


@pytest.mark.parametrize(
    ("service", "machine", "name"),
    [("checkout", "host-7", "checkout"), (None, "host-7", "host-7"), (None, "", "promptops")],
)
def test_alerts_come_from_the_service_or_else_the_machine(
    monkeypatch: pytest.MonkeyPatch, service: str | None, machine: str, name: str
) -> None:
    monkeypatch.setattr(platform, "node", lambda: machine)
    assert name_source(AlertSettings(service)) == name


def test_an_alert_reaches_a_configured_channel_by_its_variable() -> None:
    warnings: list[str] = []
    with Receiver() as receiver:
        alerter = open_alerter(
            AlertSettings("checkout", (ChannelSettings("webhook", None, "HOOK"),)),
            {"HOOK": f"{receiver.url}/secret"},
            ledger=MemoryLedger(),
            clock=lambda: NOW,
            warn=warnings.append,
        )
        alerter.notify(ALERT)
        alerter.close(60)
    (received,) = receiver.requests
    assert (received.path, received.json["source"]) == ("/secret", "checkout")
    assert warnings == []
