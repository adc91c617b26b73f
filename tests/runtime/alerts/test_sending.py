"""An alert goes to the channel that is configured, and is tried again where that may help."""

from __future__ import annotations

import json

import pytest

from promptops.repository.settings.alerts import CHANNELS, ChannelSettings
from promptops.runtime.alerts.alert import AlertError
from promptops.runtime.alerts.sending import TRIES
from tests.runtime.alerts.pieces import ALERT, DOCUMENT, tell
from tests.runtime.alerts.receiver import Receiver


@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "command"])
def test_each_channel_is_sent_to_its_address(name: str) -> None:
    with Receiver() as receiver:
        assert (
            tell(ChannelSettings(name, f"{receiver.url}/in", "SECRET"), {"SECRET": receiver.url})
            == []
        )
    (received,) = receiver.requests
    assert ALERT.detail in json.dumps(received.json)


def test_a_webhook_gets_the_document_at_a_secret_address() -> None:
    with Receiver() as receiver:
        tell(ChannelSettings("webhook", f"{receiver.url}/in?a=b"))
        tell(ChannelSettings("webhook", None, "HOOK"), {"HOOK": f"{receiver.url}/secret"})
    assert [one.path for one in receiver.requests] == ["/in?a=b", "/secret"]
    assert receiver.requests[0].json == DOCUMENT
    assert receiver.requests[0].headers["content-type"] == "application/json"


def test_a_command_is_run_once_and_its_failure_is_an_error() -> None:
    with pytest.raises(AlertError, match="the command ended with 3"):
        tell(ChannelSettings("command", None, "ALERT"), {"ALERT": "sh -c 'exit 3'"})


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with Receiver((status, {}), (status, {"Retry-After": "7"})) as receiver:
        assert tell(ChannelSettings("webhook", receiver.url)) == [1.0, 7.0]
    assert len(receiver.requests) == 3


@pytest.mark.parametrize(
    ("text", "wait"),
    [("Mon, 30 Nov 2026 01:00:20 GMT", 20.0), ("99999", 30.0), ("soon", 1.0), ("-4", 1.0)],
)
def test_a_receiver_may_say_when(text: str, wait: float) -> None:
    with Receiver((429, {"Retry-After": text})) as receiver:
        assert tell(ChannelSettings("webhook", receiver.url)) == [wait]


def test_tries_end() -> None:
    with Receiver(*[(500, {})] * 9) as receiver, pytest.raises(AlertError, match="answered 500"):
        tell(ChannelSettings("webhook", receiver.url))
    assert len(receiver.requests) == TRIES


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    with (
        Receiver((status, {})) as receiver,
        pytest.raises(AlertError, match=f"127.0.0.1 answered {status}"),
    ):
        tell(ChannelSettings("webhook", receiver.url))
    assert len(receiver.requests) == 1


def test_a_variable_that_is_not_set_is_an_error() -> None:
    with pytest.raises(AlertError, match="SLACK is not set"):
        tell(ChannelSettings("slack", None, "SLACK"))
