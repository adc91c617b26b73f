"""What each channel sends, and when it tries again."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from promptops.repository.settings.alerts import ChannelSettings
from promptops.runtime.alerts.alert import Alert, AlertError, AlertMessage
from promptops.runtime.alerts.sending import TRIES, send
from tests.runtime.alerts.receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

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


def test_a_webhook_gets_the_document() -> None:
    with Receiver() as receiver:
        assert tell(ChannelSettings("webhook", f"{receiver.url}/in?a=b")) == []
        tell(ChannelSettings("webhook", None, "HOOK"), {"HOOK": f"{receiver.url}/secret"})
    assert [one.path for one in receiver.requests] == ["/in?a=b", "/secret"]
    assert receiver.requests[0].json == DOCUMENT
    assert receiver.requests[0].headers["content-type"] == "application/json"


def test_slack_gets_a_text_in_which_nothing_is_markup() -> None:
    with Receiver() as receiver:
        tell(ChannelSettings("slack", None, "SLACK"), {"SLACK": f"{receiver.url}/services/T/B/x"})
    assert receiver.requests[0].path == "/services/T/B/x"
    assert receiver.requests[0].json == {
        "text": "*a &lt;limit&gt; &amp; more*\n20 USD are spent.\n_checkout_"
    }


def test_pagerduty_gets_an_event() -> None:
    with Receiver() as receiver:
        tell(ChannelSettings("pagerduty", receiver.url, "PAGER"), {"PAGER": "r0uting"})
    assert receiver.requests[0].path == "/v2/enqueue"
    assert receiver.requests[0].json == {
        "routing_key": "r0uting",
        "event_action": "trigger",
        "dedup_key": "guard/x",
        "client": "promptops",
        "payload": {
            "summary": "a <limit> & more",
            "source": "checkout",
            "severity": "critical",
            "timestamp": "2026-11-30T01:00:00+00:00",
            "class": "guard",
            "custom_details": {"detail": "20 USD are spent."},
        },
    }


def test_opsgenie_gets_an_alert() -> None:
    long = AlertMessage(ALERT._replace(title="t" * 200, severity="warning"), "checkout", NOW)
    with Receiver() as receiver:
        tell(ChannelSettings("opsgenie", f"{receiver.url}/", "OPS"), {"OPS": "k3y"}, long)
    received = receiver.requests[0]
    assert (received.path, received.headers["authorization"]) == ("/v2/alerts", "GenieKey k3y")
    assert received.json == {
        "message": "t" * 130,
        "alias": "guard/x",
        "description": f"{'t' * 200}\n20 USD are spent.",
        "priority": "P3",
        "source": "checkout",
        "tags": ["promptops", "guard"],
    }


def test_a_command_gets_the_document(tmp_path: Path) -> None:
    file = tmp_path / "told"
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    command = shlex.join([sys.executable, "-c", code, str(file)])
    tell(ChannelSettings("command", None, "ALERT"), {"ALERT": command})
    assert json.loads(file.read_bytes()) == DOCUMENT


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"{shlex.quote(sys.executable)} -c 'raise SystemExit(3)'", "the command ended with 3"),
        ("/nowhere/at-all", "the command cannot be run: No such file"),
        ("'", "the command cannot be run: No closing quotation"),
        (" ", "the command is empty"),
    ],
)
def test_a_command_that_fails_is_an_error(command: str, message: str) -> None:
    with pytest.raises(AlertError) as caught:
        tell(ChannelSettings("command", None, "ALERT"), {"ALERT": command})
    assert caught.value.message.startswith(message)


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


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with Receiver() as other, Receiver((302, {"Location": other.url})) as receiver:
        with pytest.raises(AlertError, match="answered 302"):
            tell(ChannelSettings("opsgenie", receiver.url, "OPS"), {"OPS": "k3y"})
        assert other.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/hunter2", "http://[/hunter2", "hunter2"])
def test_errors_never_hold_the_address(url: str) -> None:
    with pytest.raises(AlertError) as caught:
        tell(ChannelSettings("slack", None, "SLACK"), {"SLACK": url})
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}"


def test_a_variable_that_is_not_set_is_an_error() -> None:
    with pytest.raises(AlertError, match="SLACK is not set"):
        tell(ChannelSettings("slack", None, "SLACK"))
