"""HTTP over blocking sockets, from the standard library, which is fast to import.

Connections are kept open and shared by threads. One deadline applies to everything: name lookup,
connecting, sending, and receiving.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import threading
import time
from collections import deque
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from urllib.parse import SplitResult

_IDLE_SECONDS = 15.0
_MAX_IDLE = 64
_CHUNK = 65536


class ConnectError(OSError):
    """The connection failed."""


class SilenceError(TimeoutError):
    """The server sent nothing within the timeout."""


class Progress(Protocol):
    """The progress of a request, readable even after it failed."""

    is_sent: bool


class Connections:
    """The connections to one server.

    Threads may share it. A forked process starts without connections; its parent's stay open.

    Args:
        url: the default URL of requests.
        headers: the headers of every request.
        proxy: the proxy's address; None: no proxy.
        silence_seconds: how long the server may send nothing; None: until the request's deadline.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        proxy: str | None,
        *,
        silence_seconds: float | None = None,
    ) -> None:
        self._url = url
        self._headers = headers
        self._proxy = proxy
        self._silence_seconds = silence_seconds
        # A deque, whose methods are atomic: a lock could be held while the process forks.
        self._idle: deque[tuple[_HttpConnection, float]] = deque()
        self._process = os.getpid()

    def post(self, body: bytes, deadline: float, progress: Progress) -> Reply:
        """Send `body`; return the reply once its headers have arrived.

        `progress` records when sending begins.

        Raises ConnectError if the connection fails, TimeoutError after the deadline, and OSError or
        HTTPException if the connection breaks.
        """
        return self.send("POST", self._url, body, deadline=deadline, progress=progress)

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str] = MappingProxyType({}),
        *,
        deadline: float,
        progress: Progress,
    ) -> Reply:
        """Send a request to `url` on the same server; see `post`."""
        parts = urlsplit(url)
        connection = self._take() or _HttpConnection(
            self._proxy, parts, deadline, self._silence_seconds
        )
        try:
            connection.wire.deadline = deadline
            headers = {**self._headers, **headers}
            if connection.is_plain_proxy:
                headers.update(connection.proxy_headers)
                target = parts._replace(fragment="").geturl()
            else:
                target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            progress.is_sent = True
            connection.http.request(method, target, body, headers)
            response = connection.receive()
        except BaseException:
            connection.close()
            raise
        return Reply(self, connection, response)

    def _take(self) -> _HttpConnection | None:
        now = time.monotonic()
        if self._process != os.getpid():
            # These are the parent's; closing them here leaves them open there.
            self.close()
            self._process = os.getpid()
        while True:
            try:
                connection, since = self._idle.pop()
            except IndexError:
                return None
            if now - since < _IDLE_SECONDS and connection.wire.is_quiet():
                return connection
            connection.close()

    def give(self, connection: _HttpConnection) -> None:
        """Keep a connection for the next request."""
        if self._process == os.getpid() and len(self._idle) < _MAX_IDLE:
            self._idle.append((connection, time.monotonic()))
        else:
            connection.close()

    def close(self) -> None:
        """Close all idle connections."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop()[0].close()


class Reply:
    """One reply: status, headers, and the body as it arrives."""

    def __init__(
        self, connections: Connections, connection: _HttpConnection, response: HTTPResponse
    ) -> None:
        self._connections = connections
        self._connection: _HttpConnection | None = connection
        self._response = response
        self.status = response.status
        self.reason = response.reason
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    def read(self) -> bytes:
        """Return the next bytes of the body, empty at its end. Raises as `Connections.post`."""
        data = self._response.read1(_CHUNK)
        if not data:
            # A body that is shorter than announced ends here without an error.
            if self._response.length:
                raise HTTPException("the connection was closed in the middle of the body")
            connection, self._connection = self._connection, None
            # Before another thread takes the connection: `http.client` refuses a request on one
            # whose response is open, and some versions leave it open at the end of its body.
            self._response.close()
            if connection is not None:
                if self._response.will_close:
                    connection.close()
                else:
                    self._connections.give(connection)
        return data

    def read_all(self, limit: int) -> bytes | None:
        """Return the whole body; None if it is larger than `limit` bytes."""
        parts = []
        size = 0
        while data := self.read():
            size += len(data)
            if size > limit:
                return None
            parts.append(data)
        return b"".join(parts)

    def drain(self, seconds: float) -> None:
        """Read the short rest of a body, so that its connection can be reused."""
        connection = self._connection
        if connection is None:
            return
        connection.wire.deadline = min(connection.wire.deadline, time.monotonic() + seconds)
        with contextlib.suppress(OSError, HTTPException):
            if not self.read():
                return
        self.close()

    def interrupt(self) -> None:
        """Break the connection from another thread, even while its owner waits for data."""
        connection = self._connection
        if connection is not None:
            connection.wire.shut()

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        with contextlib.suppress(OSError, HTTPException):
            self._response.close()


class _HttpConnection:
    """One connection, through the proxy if there is one, and encrypted for `https`."""

    def __init__(
        self,
        proxy: str | None,
        parts: SplitResult,
        deadline: float,
        silence_seconds: float | None,
    ) -> None:
        is_encrypted = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if is_encrypted else 80)
        if silence_seconds is not None:
            deadline = min(deadline, time.monotonic() + silence_seconds)
        via = urlsplit(proxy) if proxy else None
        self.proxy_headers = _authorization(via) if via is not None else {}
        self.is_plain_proxy = via is not None and not is_encrypted
        if via is not None and via.scheme != "http":
            raise ConnectError(f"a proxy with {via.scheme}:// cannot be used, only http://")
        try:
            if via is None:
                sock: Any = _connect(host, port, deadline)
            else:
                sock = _connect(via.hostname or "", via.port or 80, deadline)
        except TimeoutError as error:
            raise TimeoutError("timed out while connecting") from error
        except OSError as error:
            raise ConnectError(_reason(error)) from error
        try:
            if via is not None and is_encrypted:
                _open_tunnel(_Wire(sock, deadline), host, port, self.proxy_headers)
            if is_encrypted:
                sock.settimeout(_left(deadline))
                sock = _context().wrap_socket(sock, server_hostname=host)
        except TimeoutError as error:
            sock.close()
            raise TimeoutError("timed out while connecting") from error
        except (OSError, HTTPException) as error:
            sock.close()
            raise ConnectError(_reason(error)) from error
        self.wire = _Wire(sock, deadline, silence_seconds)
        self.http = HTTPConnection(host, port)
        self.http.auto_open = 0
        self.http.sock = self.wire

    def receive(self) -> HTTPResponse:
        response = self.http.getresponse()
        if self.wire.is_ended:
            # `http.client` treats the end of the connection as the end of the headers.
            raise HTTPException("the connection was closed in the middle of the headers")
        return response

    def close(self) -> None:
        self.http.close()
        self.wire.end()


class _Wire:
    """A socket for `http.client`, with a deadline for every operation."""

    def __init__(
        self, sock: socket.socket, deadline: float, silence_seconds: float | None = None
    ) -> None:
        self._sock = sock
        self._silence_seconds = silence_seconds
        self.deadline = deadline
        self.is_ended = False

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self.deadline))
        self._sock.sendall(data)

    def receive_into(self, buffer: Any) -> int:  # noqa: ANN401 - anything writable
        left = _left(self.deadline)
        silence_seconds = self._silence_seconds
        if silence_seconds is None or left <= silence_seconds:
            self._sock.settimeout(left)
            size = self._sock.recv_into(buffer)
        else:
            self._sock.settimeout(silence_seconds)
            try:
                size = self._sock.recv_into(buffer)
            except TimeoutError as error:
                raise SilenceError(f"it is silent for {silence_seconds:g} seconds") from error
        self.is_ended = not size
        return size

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - always for reading
        return io.BufferedReader(_Receiver(self), _CHUNK)

    def is_quiet(self) -> bool:
        """Return whether an idle connection is usable: data without a request means that it was
        closed.
        """
        try:
            self._sock.settimeout(0)
            # An encrypted socket cannot peek, so read.
            self._sock.recv(1)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError as error:
            return type(error).__name__ == "SSLWantReadError"
        return False

    def shut(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Do nothing: `http.client` closes the socket before the body is read."""

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()


class _Receiver(io.RawIOBase):
    """Reads from a `_Wire`; closing it leaves the connection open for the next request."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as the base has it
        return self._wire.receive_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    failure: OSError | None = None
    for family, kind, protocol, _, where in _look_up(host, port, deadline):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_left(deadline))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(where)
        except OSError as error:
            sock.close()
            if isinstance(error, TimeoutError):
                raise
            failure = error
        else:
            return sock
    raise failure or OSError(f"'{host}' has no address")


def _look_up(host: str, port: int, deadline: float) -> list[Any]:
    """Look up a name in a thread, because the system's function has no timeout."""
    if host.replace(".", "").isdigit() or ":" in host or host == "localhost":
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found: list[Any] = []

    def look() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look, daemon=True, name="promptops-look-up")
    thread.start()
    thread.join(_left(deadline))
    if not found:
        raise TimeoutError(f"looking up '{host}' timed out")
    if isinstance(found[0], BaseException):
        raise OSError(f"'{host}' cannot be looked up: {found[0]}") from found[0]
    return list(found[0])


def _open_tunnel(wire: _Wire, host: str, port: int, headers: dict[str, str]) -> None:
    name = f"[{host}]" if ":" in host else host
    lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    wire.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    response = HTTPResponse(wire, method="CONNECT")  # type: ignore[arg-type]
    # Reading ahead loses nothing, since the server sends nothing first; byte by byte would be slow.
    response.begin()
    if response.status != 200:
        raise OSError(f"the proxy refused the connection ({response.status})")


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    import base64
    from urllib.parse import unquote

    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _reason(error: Exception) -> str:
    """Return why the connection failed, without the system's error numbers."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


_contexts: list[ssl.SSLContext] = []


def _context() -> ssl.SSLContext:
    """Return the TLS settings with the system's certificates, created once."""
    if not _contexts:
        import ssl

        _contexts.append(ssl.create_default_context())
    return _contexts[0]


@contextlib.contextmanager
def end_at(reply: Reply, deadline: float) -> Iterator[None]:
    """Close an unread reply at its deadline, so that the provider stops."""
    timer = threading.Timer(max(deadline - time.monotonic(), 0.0), reply.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
