"""Connections: kept and used again, within a deadline, and through a proxy."""

from __future__ import annotations

import base64
import select
import socket
import threading
import time
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest

from promptops.web import connection as module
from promptops.web.connection import ConnectError, Connections, Reply, end_at
from tests.web.pieces import Server, reply, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = reply(b"body", "X-A: b")


class Progress:
    is_sent = False


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(BODY, BODY, BODY)
    yield made
    made.close()


def send(connections: Connections, url: str, seconds: float = 30.0) -> Reply:
    deadline = time.monotonic() + seconds
    return connections.send("GET", url, None, deadline=deadline, progress=Progress())


def test_a_connection_whose_answer_was_read_is_used_again(server: Server) -> None:
    connections = Connections(server.url, {"X-Own": "1"}, None)
    for path in ("/a?b=c#d", "/b"):
        answer = send(connections, f"{server.url}{path}")
        assert (answer.status, answer.headers["x-a"]) == (200, "b")
        assert answer.read_all(4) == b"body"
    connections.close()
    (first, data), (second, _) = server.requests
    assert first == second == 1
    assert data.startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert b"\r\nX-Own: 1\r\n" in data


def test_one_whose_answer_was_not_read_is_closed(server: Server) -> None:
    connections = Connections(server.url, {}, None)
    send(connections, server.url).close()
    assert send(connections, server.url).read_all(99) == b"body"
    connections.close()
    assert [number for number, _ in server.requests] == [1, 2]


def test_the_short_rest_of_an_answer_is_read_to_keep_the_connection(server: Server) -> None:
    connections = Connections(server.url, {}, None)
    answer = send(connections, server.url)
    assert answer.read() == b"body"
    answer.drain(5.0)
    send(connections, server.url).close()
    connections.close()
    assert [number for number, _ in server.requests] == [1, 1]


def test_a_kept_connection_that_is_old_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections(server.url, {}, None)
    send(connections, server.url).read_all(99)
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.0)
    send(connections, server.url).close()
    connections.close()
    assert [number for number, _ in server.requests] == [1, 2]


def test_one_that_the_server_closed_is_not_used() -> None:
    with serve(BODY, BODY) as url:
        connections = Connections(url, {}, None)
        assert send(connections, url).read_all(99) == b"body"
        # The server closes after each answer; wait until that has arrived.
        ((kept, _),) = connections._idle
        select.select([kept.wire._sock], [], [], 30)
        assert send(connections, url).read_all(99) == b"body"
        connections.close()


def test_more_than_the_limit_is_not_returned(server: Server) -> None:
    connections = Connections(server.url, {}, None)
    answer = send(connections, server.url)
    assert answer.read_all(3) is None
    answer.close()
    connections.close()


def test_an_answer_that_ends_too_early_is_an_error() -> None:
    with serve(BODY[:-1]) as url:
        connections = Connections(url, {}, None)
        answer = send(connections, url)
        assert answer.read() == b"bod"
        with pytest.raises(HTTPException, match="in the middle of the body"):
            answer.read()
        answer.close()
        connections.close()


def test_nothing_is_sent_after_the_deadline(server: Server) -> None:
    connections = Connections(server.url, {}, None)
    progress = Progress()
    with pytest.raises(TimeoutError, match="while connecting"):
        connections.post(b"x", time.monotonic() - 1, progress)
    assert not progress.is_sent
    assert server.requests == []


def test_a_server_that_is_not_there_is_a_connect_error() -> None:
    server = Server()
    server.close()
    progress = Progress()
    with pytest.raises(ConnectError, match="Connection refused"):
        Connections(server.url, {}, None).post(b"x", time.monotonic() + 30, progress)
    assert not progress.is_sent


def test_a_reply_is_interrupted_at_its_deadline_while_it_is_read() -> None:
    with serve(BODY[:-1], stays=True) as url:
        connections = Connections(url, {}, None)
        answer = send(connections, url)
        assert answer.read() == b"bod"
        with end_at(answer, time.monotonic()), pytest.raises((OSError, HTTPException)):
            answer.read()
        answer.close()
        connections.close()


def test_a_plain_request_goes_to_the_proxy_with_its_login(server: Server) -> None:
    proxy = f"http://ann:p%40ss@127.0.0.1:{server.port}"
    connections = Connections("http://example.test", {}, proxy)
    assert send(connections, "http://example.test/a?b#c").read_all(99) == b"body"
    connections.close()
    ((_, data),) = server.requests
    assert data.startswith(b"GET http://example.test/a?b HTTP/1.1\r\n")
    login = base64.b64encode(b"ann:p@ss")
    assert b"\r\nProxy-Authorization: Basic " + login + b"\r\n" in data


def test_an_encrypted_request_goes_through_a_tunnel_if_the_proxy_allows_it() -> None:
    server = Server(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    connections = Connections("https://example.test", {}, server.url)
    with pytest.raises(ConnectError, match=r"the proxy refused the connection \(407\)"):
        send(connections, "https://example.test/a")
    server.close()
    ((_, data),) = server.requests
    assert data == b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n"


def test_a_proxy_that_is_itself_encrypted_is_refused() -> None:
    connections = Connections("http://example.test", {}, "https://127.0.0.1:1")
    with pytest.raises(ConnectError, match="only http://"):
        send(connections, "http://example.test")


def test_a_name_that_cannot_be_looked_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ConnectError, match=r"'none\.test' cannot be looked up: no such name"):
        send(Connections("http://none.test", {}, None), "http://none.test")


@pytest.mark.slow
def test_a_look_up_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30))
    with pytest.raises(TimeoutError):
        send(Connections("http://slow.test", {}, None), "http://slow.test", 0.05)
    over.set()
