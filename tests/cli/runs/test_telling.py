"""Alerts that a command sends: it waits for them, and they are in the run log."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from promptops.cli.runs.telling import tell
from promptops.cli.session import Session, start_session
from promptops.repository.settings.log import LogSettings
from promptops.runtime.alerts.alert import Alert
from promptops.runtime.log.log import open_log
from tests.cli.pieces import log_place
from tests.runtime.alerts.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tests.repositories import Repo


def drift(name: str) -> Alert:
    return Alert("drift", f"drift of {name}", "Look at it.", f"drift/{name}", time.time())


def configure(repo: Repo, receiver: Receiver, kinds: str = "drift") -> None:
    repo.write("promptops.toml", f"[alerts.webhook]\nurl = '{receiver.url}'\nkinds = ['{kinds}']\n")
    start_session(Session(str(repo.path)))


def events(repo: Repo) -> list[Mapping[str, Any]]:
    settings = LogSettings()
    place = str(log_place(repo))
    with open_log(place, settings, clock=time.time, random=os.urandom, key=os.environ.get) as log:
        return [one.detail or {} for one in log.events("alert")]


def test_each_alert_is_sent_and_recorded(repo: Repo) -> None:
    with Receiver() as receiver:
        configure(repo, receiver)
        assert tell([drift("a"), drift("b")])
    assert [one.json["title"] for one in receiver.requests] == ["drift of a", "drift of b"]
    assert [one["told"] for one in events(repo)] == [["webhook"]] * 2


@pytest.mark.parametrize("answer", [403, 404])
def test_an_alert_that_reached_nobody_is_told(repo: Repo, answer: int) -> None:
    with Receiver((answer, {})) as receiver:
        configure(repo, receiver)
        assert not tell([drift("a")])
    (event,) = events(repo)
    assert not event["told"]
