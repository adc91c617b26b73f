"""One request: what is no success is an error, and an error names the host alone."""

from __future__ import annotations

import pytest

from promptops.repository.settings.alerts import ChannelSettings
from promptops.runtime.alerts.alert import AlertError
from promptops.runtime.alerts.post import Post, send_post
from tests.runtime.alerts.pieces import NOW, tell
from tests.runtime.alerts.receiver import Receiver


def refused(post: Post) -> AlertError:
    with pytest.raises(AlertError) as caught:
        send_post(post, timeout_seconds=5, now=NOW)
    return caught.value


@pytest.mark.parametrize(
    ("status", "is_passing"),
    [(302, False), (400, False), (404, False), (408, True), (425, True), (429, True), (503, True)],
)
def test_a_status_says_whether_another_try_may_help(status: int, is_passing: bool) -> None:
    with Receiver((status, {"Retry-After": "12"})) as receiver:
        error = refused(Post(f"{receiver.url}/secret", {}, b"{}"))
    assert (error.message, error.is_passing) == (f"127.0.0.1 answered {status}", is_passing)
    assert error.retry_after_seconds == 12.0


def test_headers_and_body_arrive() -> None:
    with Receiver() as receiver:
        send_post(Post(receiver.url, {"X-Key": "k"}, b'{"a": 1}'), timeout_seconds=5, now=NOW)
    (received,) = receiver.requests
    assert (received.json, received.headers["x-key"]) == ({"a": 1}, "k")
    assert received.headers["content-type"] == "application/json"


@pytest.mark.parametrize("url", ["hunter2", "ftp://host/hunter2", "http://[/hunter2", "https:///x"])
def test_what_is_no_url_is_not_tried_again(url: str) -> None:
    error = refused(Post(url, {}, b"{}"))
    assert (error.message, error.is_passing) == ("the address is not a URL", False)


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
