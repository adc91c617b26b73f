"""A server that drips, packs, breaks off, or says nothing."""

from __future__ import annotations

import gzip

import pytest

from promptops.web.connection import Connections
from promptops.web.exchange import NoAnswerError, TooLargeError, WebAnswer, WebLimits, exchange
from tests.web.pieces import reply, serve

LIMITS = WebLimits(5.0, 1000)


def get(url: str, limits: WebLimits = LIMITS, silence_seconds: float | None = None) -> WebAnswer:
    connections = Connections(url, {}, None, silence_seconds=silence_seconds)
    try:
        return exchange(connections, "GET", url, limits=limits)
    finally:
        connections.close()


def test_an_answer_is_whole() -> None:
    with serve(reply(b"x" * 1000, "ETag: 1")) as url:
        answer = get(url)
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"x" * 1000)
    assert answer.headers["etag"] == "1"
    assert answer.redirect is None


def test_a_packed_answer_is_unpacked() -> None:
    with serve(reply(gzip.compress(b"x" * 1000, mtime=0), "Content-Encoding: gzip")) as url:
        assert get(url).body == b"x" * 1000


def test_a_redirect_is_told_and_not_followed() -> None:
    with serve(reply(b"", "Location: http://127.0.0.1:1/b", status="302 Found")) as url:
        assert get(url).redirect == "http://127.0.0.1:1/b"


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"x" * 1001),
        reply(gzip.compress(b"x" * 10_000_000, mtime=0), "Content-Encoding: gzip"),
    ],
)
def test_more_than_may_come_is_refused(answer: bytes) -> None:
    with serve(answer) as url, pytest.raises(TooLargeError):
        get(url)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(b"x" * 100)[:-1], "closed in the middle of the body"),
        (b"HTTP/1.1 200 OK\r\nX: ", "closed in the middle of the headers"),
        (b"", "closed"),
        (b"SSH-2.0\r\n\r\n", "SSH-2.0"),
        (reply(b"xyz", "Content-Encoding: gzip"), "cannot be unpacked"),
        (
            reply(gzip.compress(b"x" * 90, mtime=0)[:-9], "Content-Encoding: gzip"),
            "cannot be unpacked",
        ),
        (reply(b"xyz", "Content-Encoding: br"), "packed as 'br'"),
    ],
)
def test_what_is_no_whole_answer_says_why(answer: bytes, why: str) -> None:
    with serve(answer) as url, pytest.raises(NoAnswerError, match=why):
        get(url)


@pytest.mark.slow
def test_silence_and_lateness_are_told_apart() -> None:
    start = b"HTTP/1.1 200 OK\r\n"
    with serve(start, stays=True) as url, pytest.raises(NoAnswerError, match=r"silent for 0\.05"):
        get(url, silence_seconds=0.05)
    late = WebLimits(0.05, 1000)
    with serve(start, stays=True) as url, pytest.raises(NoAnswerError, match=r"longer than 0\.05"):
        get(url, late, silence_seconds=5.0)
