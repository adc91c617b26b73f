"""Clients that send too much, too slowly or nothing, leave, or do not read; and stopping."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.conftest import Team
    from tests.server.serving import Reply, Running

pytestmark = pytest.mark.slow

RUN = "/v1/run/support/triage@production"
STREAM = "/v1/stream/support/triage@production"
BODY = {"inputs": {"question": "?"}}


@pytest.fixture(scope="module")
def key(team: Team) -> str:
    return team.make_key()


@pytest.fixture(scope="module")
def hasty(team: Team) -> Iterator[Running]:
    """A service that waits for nobody."""
    with team.serve("--io-timeout", "0.2", "--max-body", "100000") as running:
        yield running


@pytest.fixture(scope="module")
def service(team: Team) -> Iterator[Running]:
    """The service in a process of its own."""
    with team.serve("--refresh", "0") as running:
        yield running


def connect(service: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=30)


def head(path: str, key: str, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {key}", *more, "", ""]
    return "\r\n".join(lines).encode()


def read_all(connection: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionError):
        while data := connection.recv(65_536):
            found += data
    return found


@pytest.mark.story
def test_a_long_body_is_refused_by_its_length(hasty: Running, key: str) -> None:
    with connect(hasty) as connection:
        connection.sendall(head(RUN, key, "Content-Length: 100000000"))
        assert read_all(connection).startswith(b"HTTP/1.1 413 ")


def test_a_long_body_without_a_length_is_not_read_to_its_end(hasty: Running, key: str) -> None:
    chunk = b"%x\r\n%s\r\n" % (50_000, 50_000 * b"x")
    with connect(hasty) as connection:
        connection.sendall(head(RUN, key, "Transfer-Encoding: chunked"))
        with suppress(ConnectionError):
            for _ in range(2000):
                connection.sendall(chunk)
            pytest.fail("100 MB were taken")


@pytest.mark.story
def test_a_body_that_does_not_come_is_not_waited_for(hasty: Running, key: str) -> None:
    with connect(hasty) as connection:
        connection.sendall(head(RUN, key, "Content-Length: 10") + b"{")
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.story
@pytest.mark.parametrize("sent", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nA: b\r\n"])
def test_a_connection_that_sends_no_request_is_closed(hasty: Running, sent: bytes) -> None:
    with connect(hasty) as connection:
        connection.sendall(sent)
        assert read_all(connection) == b""


@pytest.mark.story
def test_so_is_one_that_begins_a_second_request(hasty: Running) -> None:
    with connect(hasty) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /hea")
        assert read_all(connection).count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize("sent", [b"\0\1\2\r\n\r\n", b"GET /" + 40_000 * b"a" + b" HTTP/1.1\r\n"])
def test_what_is_no_request_is_refused(hasty: Running, sent: bytes) -> None:
    with connect(hasty) as connection:
        connection.sendall(sent)
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


def test_long_headers_are_refused(hasty: Running) -> None:
    reply = hasty.ask("GET", "/health", headers={"A": 40_000 * "b"})
    assert reply.status == 400


@pytest.mark.story
def test_a_client_that_does_not_read_is_cut_off(hasty: Running, team: Team, key: str) -> None:
    events = [b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % (60_000 * b"x")]
    team.provider.reply(events=400 * events)
    with connect(hasty) as connection:
        data = json.dumps(BODY).encode()
        length = f"Content-Length: {len(data)}"
        connection.sendall(head(STREAM, key, length, "X-Request-ID: stuck") + data)
        assert hasty.find_line(request="stuck")["status"] == 499
    assert team.provider.requests[-1].disconnected.wait(30)


@pytest.mark.story
@pytest.mark.parametrize("path", [RUN, STREAM])
def test_a_client_that_leaves_ends_its_run(
    service: Running, team: Team, key: str, path: str
) -> None:
    team.provider.reply(hang="headers")
    before = len(team.provider.requests)
    data = json.dumps(BODY).encode()
    with connect(service) as connection:
        length = f"Content-Length: {len(data)}"
        connection.sendall(head(path, key, length, f"X-Request-ID: left{path[4:7]}") + data)
        wait_for_request(team, before)
    assert service.find_line(request=f"left{path[4:7]}")["status"] == 499
    assert team.provider.requests[-1].disconnected.wait(30)
    runs = json.loads(accept(team.repo, "runs", "list", "--format", "json"))["runs"]
    assert runs[0]["status"] == "interrupted"


def test_a_key_that_is_revoked_ends_its_stream(service: Running, team: Team) -> None:
    made = json.loads(accept(team.repo, "serve", "keys", "add", "brief", "--format", "json"))
    team.provider.reply(text="word " * 1000, chunks=1000, drip=0.01)
    connection = service.connect()
    headers = {"Authorization": f"Bearer {made['key']}"}
    connection.request("POST", STREAM, json.dumps(BODY), headers)
    answer = connection.getresponse()
    assert answer.readline().startswith(b"event: text")
    accept(team.repo, "serve", "keys", "revoke", "brief")
    rest = answer.read().decode()
    connection.close()
    assert rest.rstrip().rpartition("event: ")[2].startswith("error\n")
    assert '"code": "key"' in rest
    assert team.provider.requests[-1].disconnected.wait(30)


def wait_for_request(team: Team, before: int) -> None:
    """Wait until the provider has one request more."""
    waiting = threading.Event()
    for _ in range(3000):
        if len(team.provider.requests) > before:
            return
        waiting.wait(0.01)
    pytest.fail("the provider was not asked")


@pytest.mark.story
@pytest.mark.parametrize("path", [RUN, STREAM])
def test_stopping_answers_what_is_under_way(team: Team, key: str, path: str) -> None:
    team.provider.reply(text="Still here.", delay=0.5)
    before = len(team.provider.requests)
    replies: list[Reply] = []
    with team.serve() as service:
        thread = threading.Thread(
            target=lambda: replies.append(service.ask("POST", path, BODY, key=key))
        )
        thread.start()
        wait_for_request(team, before)
        assert service.stop() == 0
        thread.join(30)
        assert replies[0].status == 200
        assert b"Still here." in replies[0].body
        with pytest.raises(ConnectionRefusedError):
            service.ask("GET", "/health")


@pytest.mark.story
def test_draining_says_so_and_goes_on(team: Team, key: str) -> None:
    with team.serve("--drain", "60") as service:
        kept = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        kept.request("GET", "/ready")
        assert kept.getresponse().read() == b"ready\n"
        service.process.send_signal(signal.SIGTERM)
        while (reply := service.ask("GET", "/ready")).status == 200:
            pass
        assert (reply.status, reply.headers["connection"]) == (503, "close")
        body = {"inputs": {"question": "?"}}
        assert service.ask("POST", "/v1/run/support/echo", body, key=key).status == 200
        kept.request("GET", "/health")
        assert kept.getresponse().getheader("connection") == "close"
        assert service.stop() == 0  # a second signal ends the wait


@pytest.mark.story
def test_a_broken_file_of_keys_lets_nobody_in(team: Team, key: str) -> None:
    file = team.repo.path / ".git" / "promptops-serve" / "keys.json"
    good = file.read_bytes()
    with team.serve() as service:
        assert service.ask("GET", "/v1/resolve/support/echo", key=key).status == 200
        file.write_bytes(good[:-20])
        reply = service.ask("GET", "/v1/resolve/support/echo", key=key)
        assert (reply.status, reply.code) == (500, "internal")
        assert "keys.json" not in reply.body.decode()
        assert service.ask("GET", "/ready").status == 503
        file.write_bytes(good)
        assert service.ask("GET", "/v1/resolve/support/echo", key=key).status == 200
