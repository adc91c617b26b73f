"""Alerts are sent once, from a thread, and never disturb who noticed something."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.repository.settings.alerts import ChannelSettings
from promptops.runtime.alerts.alert import Alert, AlertError, AlertMessage
from promptops.runtime.alerts.alerter import MAX_WAITING, Alerter
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.ledger import LedgerError
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOW = 1_796_000_400.0
CHANNELS = (ChannelSettings("webhook", "https://a"), ChannelSettings("slack", None, "S", ("key",)))
ALERT = Alert("guard", "title", "detail", "guard/x", NOW + 3600)


class DeadLedger(MemoryLedger):
    """A store that is out of reach."""

    def swap_note(self, *_args: object, **_options: object) -> bool:
        raise LedgerError("it does not answer")


class World:
    """Alerters of several processes, whose channels note what they are told."""

    def __init__(self, ledger: MemoryLedger | None = None) -> None:
        self.ledger = ledger or MemoryLedger()
        self.now = NOW
        self.told: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def open(self, channels: tuple[ChannelSettings, ...] = CHANNELS) -> Alerter:
        return Alerter(
            channels,
            self.send,
            ledger=self.ledger,
            source="checkout",
            clock=lambda: self.now,
            warn=self.warnings.append,
            record=lambda kind, detail: self.events.append((kind, detail)),
        )

    def send(
        self, message: AlertMessage, channel: ChannelSettings, sleep: Callable[[float], object]
    ) -> None:
        assert self.gate.wait(30)
        if self.error is not None:
            raise self.error
        self.told.append((channel.name, message.alert.key))


def test_all_processes_together_tell_once_until_the_window_ends() -> None:
    world = World()
    one, two = world.open(), world.open()
    for _ in range(3):
        one.notify(ALERT)
    one.close()
    two.notify(ALERT)
    two.close()
    assert world.told == [("webhook", "guard/x")]
    assert [kind for kind, _ in world.events] == ["alert"]
    world.now += 3600
    two.notify(ALERT._replace(until=world.now + 3600))
    two.close()
    assert len(world.told) == 2


def test_each_channel_is_told_what_it_asked_for() -> None:
    world = World()
    alerter = world.open()
    alerter.notify(ALERT._replace(kind="key", key="k"))
    alerter.close()
    assert world.told == [("webhook", "k"), ("slack", "k")]


def test_without_the_ledger_each_process_tells_once() -> None:
    world = World(DeadLedger())
    for alerter in (world.open(), world.open()):
        alerter.notify(ALERT)
        alerter.notify(ALERT)
        alerter.close()
    assert len(world.told) == 2


def test_who_notices_something_waits_for_nothing() -> None:
    world = World()
    world.gate.clear()
    alerter = world.open()
    for number in range(MAX_WAITING + 5):
        alerter.notify(ALERT._replace(key=str(number)))
    assert alerter.lost == 5
    world.gate.set()
    alerter.close(60)
    assert len(world.told) == MAX_WAITING
    assert masked(world.warnings) == snapshot(["alerts not sent: 5"])


def test_closing_does_not_wait_for_ever() -> None:
    world = World()
    world.gate.clear()
    alerter = world.open()
    alerter.notify(ALERT)
    alerter.close(0.01)
    assert masked(world.warnings) == snapshot(["alerts not sent: 1"])
    world.gate.set()


@pytest.mark.parametrize(
    "error", [AlertError("host answered 500", is_passing=True), ZeroDivisionError("a bug")]
)
def test_what_arrives_nowhere_is_said_and_tried_again_later(error: Exception) -> None:
    world = World()
    world.error = error
    alerter = world.open()
    alerter.notify(ALERT)
    alerter.close()
    assert len(world.warnings) == 1
    assert "'title'" in world.warnings[0]
    if isinstance(error, AlertError):
        world.error = None
        alerter.notify(ALERT)
        alerter.close()
        assert world.told == []
        world.now += 60
        alerter.notify(ALERT)
        alerter.close()
        assert world.told == [("webhook", "guard/x")]


def test_without_channels_only_what_nobody_else_hears_of_is_said() -> None:
    world = World()
    alerter = world.open(())
    alerter.notify(ALERT)
    alerter.notify(ALERT._replace(kind="overrun", key="o"))
    alerter.notify(ALERT._replace(kind="overrun", key="o"))
    alerter.close()
    assert world.warnings == ["title: detail"]
    assert world.told == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_tells_by_itself() -> None:
    world = World()
    world.gate.clear()
    alerter = world.open()
    alerter.notify(ALERT)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        world.gate.set()
        alerter.notify(ALERT._replace(key="child"))
        alerter.close()
        os.write(writer, repr([key for _, key in world.told]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        assert pipe.read() == "['child']"
    os.waitpid(child, 0)
    world.gate.set()
    alerter.close()
    assert world.told == [("webhook", "guard/x")]
