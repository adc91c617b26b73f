"""Connections of an event loop: kept, through proxies, encrypted, and broken."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from promptops.web import waiting
from promptops.web.connecting import ConnectError
from promptops.web.waiting import LoopConnections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Progress:
    is_sent = False


class Peer:
    """A server that answers each request with the same bytes.

    Attributes:
        heads: of the requests that it got.
        bodies: of the requests that it got.
        connections: how many there were.
        proxied: of a proxy, what it was asked to connect to.
    """

    def __init__(self, answer: bytes = OK, *, reads: bool = True, closes: bool = False) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.proxied: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.refusal = b""
        self.context: ssl.SSLContext | None = None
        self._reads = reads
        self._closes = closes
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self._tasks.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"CONNECT"):
                    self.proxied.append(head)
                    writer.write(self.refusal or b"HTTP/1.1 200 Connected\r\n\r\n")
                    await writer.drain()
                    if not self.refusal:
                        assert self.context is not None
                        await writer.start_tls(self.context)
                    continue
                self.heads.append(head)
                size = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
                if self._reads:
                    self.bodies.append(await reader.readexactly(size))
                writer.write(self.answer)
                await writer.drain()
                if self._closes:
                    break
        writer.close()

    def send(self, data: bytes) -> None:
        """Send something unasked on the last connection; nothing closes it."""
        if data:
            self._writers[-1].write(data)
        else:
            self._writers[-1].close()

    async def aclose(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*filter(None, self._tasks), return_exceptions=True)
        self._writers, self._tasks = [], []


@asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[str]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{peer.port}"
    finally:
        server.close()
        await peer.aclose()


async def post(connections: LoopConnections, body: bytes = b"{}") -> tuple[int, bytes | None]:
    reply = await connections.post(body, Progress())
    try:
        return reply.status, await reply.read_all(10_000_000)
    finally:
        reply.close()


def use(
    peer: Peer,
    work: Callable[[LoopConnections], Awaitable[Any]],
    path: str = "/v1/chat",
    **more: Any,
) -> Any:
    """Do some work with connections to a peer."""

    async def run() -> Any:
        async with serving(peer) as url:
            connections = LoopConnections(f"{url}{path}", {"X-Team": "é", **more}, None)
            try:
                return await asyncio.wait_for(work(connections), 60)
            finally:
                await connections.aclose()

    return asyncio.run(run())


# --- connections -------------------------------------------------------------------------------


def test_a_request_has_its_head_and_body() -> None:
    peer = Peer()
    assert use(peer, lambda one: post(one, b"abc"), "/v1/é?v=1#x") == (200, b"ok")
    assert peer.heads == [
        b"POST /v1/%%C3%%A9?v=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        b"X-Team: \xc3\xa9\r\nContent-Length: 3\r\n\r\n" % peer.port
    ]
    assert peer.bodies == [b"abc"]


def test_a_host_of_ones_own_and_a_wrong_length() -> None:
    peer = Peer()
    use(peer, post, **{"host": "there", "content-length": "7", "Transfer-Encoding": "x"})
    lines = peer.heads[0].split(b"\r\n")[1:]
    assert lines == [b"X-Team: \xc3\xa9", b"host: there", b"Content-Length: 2", b"", b""]


async def _twice(connections: LoopConnections) -> None:
    assert await post(connections) == (200, b"ok")
    assert await post(connections) == (200, b"ok")


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (OK, 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 1),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 2),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 2),
        (OK + b"more", 2),
    ],
    ids=["length", "chunks", "close", "old", "more"],
)
def test_a_connection_is_kept_where_it_may_be(answer: bytes, connections: int) -> None:
    peer = Peer(answer)
    use(peer, _twice)
    assert peer.connections == connections


def test_an_answer_ends_with_its_connection() -> None:
    peer = Peer(b"HTTP/1.1 200 OK\r\n\r\nok", closes=True)
    use(peer, _twice)
    assert peer.connections == 2


@pytest.mark.parametrize("unasked", [b"", b"HTTP/1.1 408 Too Late\r\n\r\n"])
def test_a_connection_that_ended_meanwhile_is_not_used(unasked: bytes) -> None:
    peer = Peer()

    async def work(connections: LoopConnections) -> None:
        await post(connections)
        (one,) = connections._idle
        peer.send(unasked)
        while one.is_open:  # noqa: ASYNC110 - the product has no event for it
            await asyncio.sleep(0)
        await post(connections)

    use(peer, work)
    assert peer.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_IDLE_SECONDS", -1)
    peer = Peer()
    use(peer, _twice)
    assert peer.connections == 2


def test_an_unread_answer_closes_its_connection() -> None:
    peer = Peer()

    async def work(connections: LoopConnections) -> None:
        reply = await connections.post(b"{}", Progress())
        reply.close()
        with pytest.raises(OSError, match="closed"):
            await reply.read()
        await post(connections)

    use(peer, work)
    assert peer.connections == 2


def test_whoever_waits_for_a_closed_reply_gets_an_error() -> None:
    peer = Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")

    async def work(connections: LoopConnections) -> None:
        reply = await connections.post(b"{}", Progress())
        asyncio.get_running_loop().call_soon(reply.close)
        with pytest.raises(OSError, match="closed"):
            await reply.read()

    use(peer, work)


# --- long bodies -------------------------------------------------------------------------------


def test_a_long_body_arrives_whole() -> None:
    peer = Peer()
    body = bytes(range(256)) * 8_000
    assert use(peer, lambda one: post(one, body)) == (200, b"ok")
    assert peer.bodies == [body]


def test_a_body_is_not_sent_on_after_a_refusal() -> None:
    peer = Peer(b"HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\nno", reads=False)

    async def work(connections: LoopConnections) -> None:
        assert await post(connections, b"x" * 20_000_000) == (413, b"no")
        assert not connections._idle

    use(peer, work)


def test_an_unread_answer_makes_the_server_wait() -> None:
    body = bytes(range(256)) * 40_000
    peer = Peer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def work(connections: LoopConnections) -> bytes | None:
        reply = await connections.post(b"{}", Progress())
        (one,) = connections._open
        while not one._is_paused:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        assert one._unread < 2_000_000
        return await reply.read_all(len(body))

    assert use(peer, work) == body


def test_a_larger_answer_than_allowed_is_none() -> None:
    async def work(connections: LoopConnections) -> bytes | None:
        reply = await connections.post(b"{}", Progress())
        try:
            return await reply.read_all(1)
        finally:
            reply.close()

    assert use(Peer(), work) is None


# --- addresses ---------------------------------------------------------------------------------


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")

    async def find(_host: str, port: int) -> list[Any]:
        return [(*kind, dead), (*kind, ("127.0.0.1", port))]

    monkeypatch.setattr(waiting, "_find_addresses", find)
    assert use(peer, post) == (200, b"ok")

    async def find_none(_host: str, _port: int) -> list[Any]:
        return [(*kind, dead), (*kind, dead)]

    monkeypatch.setattr(waiting, "_find_addresses", find_none)
    with pytest.raises(ConnectError, match="refused"):
        use(peer, post)


def test_a_name_is_looked_up_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer()
    looked: list[str] = []
    find = waiting._find_addresses

    async def count(host: str, port: int) -> list[Any]:
        looked.append(host)
        await asyncio.sleep(0)
        return await find(host, port)

    monkeypatch.setattr(waiting, "_find_addresses", count)

    async def work(connections: LoopConnections) -> None:
        tasks = [asyncio.ensure_future(post(connections)) for _ in range(5)]
        await asyncio.sleep(0)
        # The others go on waiting.
        tasks[0].cancel()
        assert await asyncio.gather(*tasks[1:]) == [(200, b"ok")] * 4

    use(peer, work)
    assert looked == ["127.0.0.1"]


def test_addresses_of_both_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(family, 1, 6, "", number) for number, family in enumerate((10, 10, 10, 2))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    mixed = asyncio.run(waiting._find_addresses("both.example", 80))
    assert [one[4] for one in mixed] == [0, 3, 1, 2]


def test_a_name_that_cannot_be_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    async def work() -> None:
        connections = LoopConnections("http://nothing.invalid/", {}, None)
        for _ in range(2):
            with pytest.raises(ConnectError, match=r"'nothing\.invalid' cannot be looked up: Name"):
                await connections.post(b"", Progress())
        assert connections._looking is None

    asyncio.run(work())


@pytest.mark.parametrize(("name", "value"), [("X\r\nY", "1"), ("X", "1\r\nY: 2"), ("", "1")])
def test_a_header_cannot_start_another(name: str, value: str) -> None:
    with pytest.raises(ConnectError, match="contains invalid characters"):
        LoopConnections("http://127.0.0.1:1/", {name: value}, None)


# --- proxies and encryption --------------------------------------------------------------------


def test_a_plain_proxy_is_told_the_whole_address() -> None:
    peer = Peer()

    async def run() -> None:
        async with serving(peer) as url:
            proxy = url.replace("//", "//user:p%40ss@")
            connections = LoopConnections("http://models.example/v1", {}, proxy)
            assert await post(connections) == (200, b"ok")
            await connections.aclose()

    asyncio.run(run())
    lines = peer.heads[0].split(b"\r\n")
    assert lines[:2] == [b"POST http://models.example/v1 HTTP/1.1", b"Host: models.example"]
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in lines


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's encryption, and that of a client which trusts it."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "models.example")])
    names = [x509.DNSName("models.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    both = tmp_path / "both.pem"
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(pem, form, serialization.NoEncryption())
    both.write_bytes(private + certificate.public_bytes(pem))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(both)
    return server, ssl.create_default_context(cafile=both)


def test_a_tunnel_leads_through_a_proxy(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Peer()
    peer.context, client = contexts
    monkeypatch.setattr(waiting, "encryption", lambda: client)

    async def run() -> None:
        async with serving(peer) as url:
            proxy = url.replace("//", "//user:p@")
            connections = LoopConnections("https://models.example/v1", {}, proxy)
            await _twice(connections)
            await connections.aclose()

    asyncio.run(run())
    assert peer.connections == 1
    (asked,) = peer.proxied
    assert asked.splitlines() == [
        b"CONNECT models.example:443 HTTP/1.1",
        b"Host: models.example:443",
        b"Proxy-Authorization: Basic dXNlcjpw",
        b"",
    ]
    assert peer.heads[0].startswith(b"POST /v1 HTTP/1.1\r\nHost: models.example\r\n")
    assert b"Proxy-Authorization" not in peer.heads[0]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n", r"refused the connection \(407\)"),
        (b"SSH-2.0\r\n\r\n", r"refused the connection \(0\)"),
        (b"x" * 70_000, "did not answer with HTTP"),
    ],
    ids=["login", "ssh", "much"],
)
def test_a_proxy_that_refuses(answer: bytes, why: str) -> None:
    peer = Peer()
    peer.refusal = answer

    async def run() -> None:
        async with serving(peer) as url:
            connections = LoopConnections("https://models.example/v1", {}, url)
            progress = Progress()
            with pytest.raises(ConnectError, match=why):
                await connections.post(b"", progress)
            assert not progress.is_sent

    asyncio.run(run())


def test_an_encrypted_proxy_is_refused() -> None:
    connections = LoopConnections("https://models.example/", {}, "https://proxy.example")
    with pytest.raises(ConnectError, match="only http://"):
        asyncio.run(connections.post(b"", Progress()))


def test_a_server_is_encrypted_and_verified(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, client = contexts
    peer = Peer()

    async def run(trusted: ssl.SSLContext) -> None:
        monkeypatch.setattr(waiting, "encryption", lambda: trusted)
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=own)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        connections = LoopConnections(url, {}, None)
        try:
            await _twice(connections)
        finally:
            await connections.aclose()
            server.close()
            await peer.aclose()

    asyncio.run(run(client))
    assert peer.connections == 1
    with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(run(ssl.create_default_context()))
