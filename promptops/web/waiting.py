"""HTTP on an event loop: persistent connections to one server, each with one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from asyncio.staggered import staggered_race
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from promptops.web.connecting import ConnectError, authorize, describe, encryption
from promptops.web.framing import FramingError, ResponseReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.web.connection import Progress

_IDLE_SECONDS = 15.0
_LOOK_UP_SECONDS = 60.0
# The time in seconds after which the next address is tried too (RFC 8305).
_HEAD_START_SECONDS = 0.25
# A long body is sent in slices, so that it does not block the loop.
_SLICE = 262_144
# With more unread bytes than this, reading from the server pauses.
_MAX_UNREAD = 524_288
_MAX_TUNNEL_HEAD = 65_536
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BROKEN = re.compile(r"[\r\n\0]")
# This module sets these headers itself.
_OURS = frozenset({"content-length", "transfer-encoding"})
_OK = 200


class LoopConnections:
    """The connections of one event loop to one server.

    Args:
        url: the URL of requests.
        headers: the headers of every request.
        proxy: the proxy's address; None: no proxy.
    """

    def __init__(self, url: str, headers: Mapping[str, str], proxy: str | None) -> None:
        parts = urlsplit(url)
        self._is_encrypted = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_encrypted else 80)
        self._proxy = urlsplit(proxy) if proxy else None
        login = authorize(self._proxy) if self._proxy is not None else {}
        self._tunnel_headers = login
        is_plain_proxy = self._proxy is not None and not self._is_encrypted
        if is_plain_proxy:
            headers = {**headers, **login}
            target = parts._replace(fragment="").geturl()
        else:
            target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        self._head = _write_head(target, parts.netloc.rpartition("@")[2], headers)
        self._open: set[_LoopConnection] = set()
        self._idle: deque[_LoopConnection] = deque()
        self._looking: asyncio.Future[list[Any]] | None = None
        self._looked_at = 0.0

    async def post(self, body: bytes, progress: Progress) -> LoopReply:
        """Send `body`; return the reply once its headers have arrived.

        `progress` records when sending begins. Raises ConnectError if there is no connection, and
        OSError if it breaks.
        """
        connection = self._take() or await self._connect()
        try:
            progress.is_sent = True
            await connection.send(self._head, body)
        except BaseException:
            connection.close()
            raise
        return LoopReply(connection)

    def _take(self) -> _LoopConnection | None:
        now = asyncio.get_running_loop().time()
        idle = self._idle
        while idle and now - idle[0].idle_since > _IDLE_SECONDS:
            idle.popleft().close()
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    def give(self, connection: _LoopConnection) -> None:
        """Keep a connection for the next request."""
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    def forget(self, connection: _LoopConnection) -> None:
        """Drop a connection that has ended."""
        self._open.discard(connection)

    async def aclose(self) -> None:
        """Close all connections."""
        self._idle.clear()
        for connection in list(self._open):
            connection.close()
        # The loop closes their sockets in its next iteration.
        await asyncio.sleep(0)

    def abandon(self) -> None:
        """Close the sockets of a loop that is closed."""
        self._idle.clear()
        for connection in self._open:
            connection.abandon()
        self._open.clear()

    async def _connect(self) -> _LoopConnection:
        loop = asyncio.get_running_loop()
        via = self._proxy
        if via is not None and via.scheme != "http":
            raise ConnectError(f"a proxy with {via.scheme}:// cannot be used, only http://")
        try:
            sock = await _open_first(await self._look_up())
            try:
                if via is not None and self._is_encrypted:
                    await _open_tunnel(sock, self._host, self._port, self._tunnel_headers)
                connection = _LoopConnection(self, sock)
                context = encryption() if self._is_encrypted else None
                name = self._host if self._is_encrypted else None
                await loop.create_connection(
                    lambda: connection, sock=sock, ssl=context, server_hostname=name
                )
            except BaseException:
                sock.close()
                raise
        except OSError as error:
            raise ConnectError(describe(error)) from error
        self._open.add(connection)
        return connection

    async def _look_up(self) -> list[Any]:
        """Return the addresses of the server or the proxy, cached for a minute."""
        host, port = self._host, self._port
        if self._proxy is not None:
            host, port = self._proxy.hostname or "", self._proxy.port or 80
        loop = asyncio.get_running_loop()
        looking = self._looking
        if looking is None or loop.time() - self._looked_at > _LOOK_UP_SECONDS:
            looking = self._looking = asyncio.ensure_future(_find_addresses(host, port))
            self._looked_at = loop.time()
            looking.add_done_callback(self._end_look_up)
        # Other requests may wait for the look-up too.
        return await asyncio.shield(looking)

    def _end_look_up(self, looking: asyncio.Future[list[Any]]) -> None:
        if looking.cancelled() or looking.exception() is not None:
            self._looking = None


class LoopReply:
    """One reply: status, headers, and the body as it arrives.

    Attributes:
        status: the HTTP status.
        headers: lower-case name -> value.
        is_complete: whether the body was read to its end.
    """

    __slots__ = ("_connection", "headers", "is_complete", "status")

    def __init__(self, connection: _LoopConnection) -> None:
        self._connection: _LoopConnection | None = connection
        self.status = connection.reader.status
        self.headers = connection.reader.headers
        self.is_complete = False

    async def read(self) -> bytes:
        """Return the next bytes of the body, empty at its end. Raises OSError."""
        connection = self._connection
        if connection is None:
            if self.is_complete:
                return b""
            raise FramingError("the connection was closed")
        data = await connection.receive()
        if connection.is_done:
            self._connection = None
            self.is_complete = True
            connection.release()
        return data

    async def read_all(self, limit: int) -> bytes | None:
        """Return the whole body; None if it is larger than `limit` bytes. Raises OSError."""
        parts = []
        size = 0
        while data := await self.read():
            size += len(data)
            if size > limit:
                return None
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _LoopConnection(asyncio.Protocol):
    """One connection, and the response that it waits for."""

    def __init__(self, owner: LoopConnections, sock: socket.socket) -> None:
        self._owner = owner
        self._sock = sock
        self._transport: Any = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: OSError | None = None
        self._pieces: list[bytes] = []
        self._unread = 0
        self._is_paused = False
        self._is_writable = True
        self._is_asked = False
        self.reader = ResponseReader()
        self.idle_since = 0.0

    # --- called by the loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._is_asked:
            self.close()
            return
        try:
            pieces = self.reader.feed(data)
        except FramingError as error:
            self._fail(error)
            self._transport.abort()
            return
        if pieces:
            self._pieces += pieces
            self._unread += sum(map(len, pieces))
            if self._unread > _MAX_UNREAD and not self._is_paused:
                self._is_paused = True
                self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(exc)
        self._is_writable = True
        self._owner.forget(self)

    def pause_writing(self) -> None:
        self._is_writable = False

    def resume_writing(self) -> None:
        self._is_writable = True
        self._wake()

    # --- called by a request ------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether another request can be sent."""
        return self._error is None and not self._transport.is_closing()

    @property
    def is_done(self) -> bool:
        """Whether the whole response was read."""
        return self.reader.is_complete and not self._pieces

    async def send(self, head: bytes, body: bytes) -> None:
        """Send a request, and wait for the headers of its response."""
        self.reader = reader = ResponseReader()
        self._is_asked = True
        write = self._transport.write
        whole = b"%b%d\r\n\r\n" % (head, len(body))
        if len(body) <= _SLICE:
            write(whole + body)
        else:
            write(whole)
            for start in range(0, len(body), _SLICE):
                await self._wait_to_write()
                if reader.is_complete:
                    # The server answered before the whole body was sent; the rest would be read as
                    # a request.
                    reader.is_kept = False
                    break
                write(body[start : start + _SLICE])
        while not reader.status:
            await self._wait()

    async def receive(self) -> bytes:
        """Return the next bytes of the body, empty at its end."""
        while not self._pieces:
            if self.reader.is_complete:
                return b""
            await self._wait()
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._unread = 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def release(self) -> None:
        """Keep the connection after a complete response; else close it."""
        self._is_asked = False
        if self.reader.is_kept and self.is_open:
            self._owner.give(self)
        else:
            self.close()

    def close(self) -> None:
        """Close the connection; a waiting request fails."""
        self._fail(FramingError("the connection was closed"))
        if self._transport is not None:
            self._transport.abort()

    def abandon(self) -> None:
        """Close the socket, after the loop has been closed."""
        self._sock.close()
        # Otherwise it warns, when it is collected, that it was not closed.
        with contextlib.suppress(AttributeError):
            self._transport._sock = None  # noqa: SLF001 - there is no other way

    async def _wait_to_write(self) -> None:
        while not self._is_writable and not self.reader.is_complete:
            await self._wait()

    async def _wait(self) -> None:
        """Wait until something happens. Raises what broke the connection."""
        if self._error is not None:
            raise self._error
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _finish(self, error: Exception | None) -> None:
        if isinstance(error, OSError) and not self.reader.is_complete:
            self._fail(error)
            return
        try:
            self.reader.finish()
        except FramingError as broken:
            self._fail(broken)
        else:
            self._fail(FramingError("the connection was closed"))

    def _fail(self, error: OSError) -> None:
        self._error = self._error or error
        self._wake()


def _write_head(target: str, host: str, headers: Mapping[str, str]) -> bytes:
    """Return the head of a request up to its length. Raises ConnectError for invalid headers."""
    target = quote(target, safe="!#$%&'()*+,/:;=?@[]~")
    given = {name.lower() for name in headers}
    lines = [f"POST {target} HTTP/1.1"]
    if "host" not in given:
        lines.append(f"Host: {host if host.isascii() else host.encode('idna').decode()}")
    for name, value in headers.items():
        if _HEADER_NAME.fullmatch(name) is None or _BROKEN.search(value):
            raise ConnectError(f"the header {name!r} contains invalid characters")
        if name.lower() not in _OURS:
            lines.append(f"{name}: {value}")
    lines.append("Content-Length: ")
    return "\r\n".join(lines).encode()


async def _find_addresses(host: str, port: int) -> list[Any]:
    """Return the addresses of a name, those of both families in turn."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ConnectError(f"'{host}' cannot be looked up: {describe(error)}") from error
    first = [one for one in found if one[0] == found[0][0]]
    second = [one for one in found if one[0] != found[0][0]]
    mixed = [one for pair in zip(first, second, strict=False) for one in pair]
    shorter = len(mixed) // 2
    return [*mixed, *first[shorter:], *second[shorter:]]


async def _open_first(addresses: list[Any]) -> socket.socket:
    """Return a socket that is connected to the first address that answers."""
    if len(addresses) == 1:
        return await _open(addresses[0])
    attempts = [partial(_open, one) for one in addresses]
    sock: socket.socket | None
    sock, _, errors = await staggered_race(attempts, _HEAD_START_SECONDS)
    if sock is None:
        raise next(one for one in errors if one is not None)
    return sock


async def _open(address: Any) -> socket.socket:  # noqa: ANN401 - as the socket module has it
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError) and error.errno:
            # The loop's own text has the address instead of the reason.
            raise OSError(error.errno, os.strerror(error.errno)) from error
        raise
    return sock


async def _open_tunnel(
    sock: socket.socket, host: str, port: int, headers: Mapping[str, str]
) -> None:
    """Ask a proxy for a connection to a server."""
    loop = asyncio.get_running_loop()
    name = f"[{host}]" if ":" in host else host
    lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode())
    data = b""
    # The server says nothing before it is spoken to, so what arrives is the proxy's.
    while b"\r\n\r\n" not in data:
        more = await loop.sock_recv(sock, 4096)
        data += more
        if not more or len(data) > _MAX_TUNNEL_HEAD:
            raise ConnectError("the proxy did not answer with HTTP")
    reader = ResponseReader()
    with contextlib.suppress(FramingError):
        reader.feed(data)
    if reader.status != _OK:
        raise ConnectError(f"the proxy refused the connection ({reader.status})")
