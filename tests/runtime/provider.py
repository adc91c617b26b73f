"""A provider on loopback: chat completions over real sockets, with every fault that one can have.

    with Provider() as provider:
        provider.reply(text="Hello.")           # the next request; without any, an echo
        provider.reply(status=429, headers={"Retry-After": "2"})
        provider.always(text="Hello.")          # each request that has no reply of its own
        ... call provider.base_url ...
        provider.requests[0].json["messages"]

The requests that wait (`delay`, `drip`, `hang`) wait on an event that `close()` sets, so no test
ever waits for them.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass
class Received:
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    disconnected: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What to answer.

    Attributes:
        text: the answer; None echoes the last message.
        tool_calls: in the wire format.
        finish: the finish reason.
        usage: in the wire format; None leaves it out.
        model: the served model's name; None repeats the one asked for.
        status: the HTTP status; errors have `error` as their body.
        error: the error's body; None makes one.
        headers: further headers.
        body: the raw body, instead of an answer.
        content_type: of a raw body.
        chunks: how many pieces a stream has.
        events: raw events of a stream, instead of an answer.
        is_plain: answer a request for a stream with plain JSON.
        delay: seconds before the first byte.
        drip: seconds between single bytes (or events) of the body.
        hang: wait before: `headers`, `body` (after half of it), or never.
        drop: close the connection: `at once`, `headers`, or `body` (after half of it).
        reset: drop with a TCP reset.
        has_length: announce the length, instead of chunks.
        close: say `Connection: close`.
    """

    text: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    finish: str | None = "stop"
    usage: Any = field(default_factory=lambda: dict(USAGE))
    model: str | None = None
    status: int = 200
    error: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    chunks: int = 3
    events: list[bytes] | None = None
    is_plain: bool = False
    delay: float = 0
    drip: float = 0
    hang: str = ""
    drop: str = ""
    reset: bool = False
    has_length: bool = True
    close: bool = False


class _GoneError(Exception):
    """The client closed the connection, or the server stops."""


class Provider:
    """The server; a context manager. `base_url` ends in `/v1`."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.arrived = threading.Event()  # set by the first request
        self._replies: list[Reply] = []
        self._always = Reply()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def reply(self, **reply: Any) -> None:
        """Answer the next request without a reply like this."""
        with self._lock:
            self._replies.append(Reply(**reply))

    def always(self, **reply: Any) -> None:
        """Answer all requests like this that have no reply of their own."""
        self._always = Reply(**reply)

    def close(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        for thread in self._threads:
            thread.join()

    # --- serving ------------------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                number = self.connections
                self._sockets.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        received: Received | None = None
        try:
            with sock, sock.makefile("rb") as file:
                while not self._stopping.is_set():
                    received = _read(file, number)
                    if received is None:
                        return
                    with self._lock:
                        self.requests.append(received)
                        self.arrived.set()
                        reply = self._replies.pop(0) if self._replies else self._always
                    if not self._answer(sock, received, reply):
                        return
        except (OSError, ValueError, _GoneError):
            pass
        finally:
            if received is not None:
                received.disconnected.set()
            with self._lock:
                self._sockets.discard(sock)

    def _wait(self, sock: socket.socket, seconds: float | None) -> None:
        """Wait, unless the client leaves or the server stops."""
        # The socket becomes readable when the other side closes it.
        sock.settimeout(seconds)
        try:
            data = sock.recv(1, socket.MSG_PEEK)
        except (TimeoutError, BlockingIOError):
            sock.settimeout(None)
            if self._stopping.is_set():
                raise _GoneError from None
            return
        if not data:
            raise _GoneError
        sock.settimeout(None)

    def _answer(self, sock: socket.socket, received: Received, reply: Reply) -> bool:
        """Answer, and return whether the connection goes on."""
        if reply.drop == "at once":
            return self._drop(sock, reply)
        if reply.delay:
            self._wait(sock, reply.delay)
        if reply.hang == "headers":
            self._wait(sock, None)
        is_stream = received.body[:1] == b"{" and bool(received.json.get("stream"))
        pieces, kind = _body(received, reply, is_stream=is_stream and not reply.is_plain)
        is_chunked = (is_stream and reply.body is None) or not reply.has_length
        start = _head(reply, kind, None if is_chunked else sum(map(len, pieces)))
        if reply.drop == "headers":
            sock.sendall(start[: len(start) // 2])
            return self._drop(sock, reply)
        if reply.drip or reply.drop or reply.hang:
            sock.sendall(start)
            return self._send_slowly(sock, reply, pieces, is_chunked=is_chunked)
        chunks = [_chunk(piece) for piece in pieces] if is_chunked else pieces
        sock.sendall(b"".join([start, *chunks, b"0\r\n\r\n" if is_chunked else b""]))
        return not reply.close

    def _send_slowly(
        self, sock: socket.socket, reply: Reply, pieces: list[bytes], *, is_chunked: bool
    ) -> bool:
        if reply.drip and len(pieces) == 1:
            pieces = [piece[at : at + 1] for piece in pieces for at in range(len(piece))]
        elif len(pieces) == 1:
            middle = len(pieces[0]) // 2
            pieces = [pieces[0][:middle], pieces[0][middle:]]
        for number, piece in enumerate(pieces):
            if number == len(pieces) // 2 and reply.drop == "body":
                return self._drop(sock, reply)
            if number == len(pieces) // 2 and reply.hang == "body":
                self._wait(sock, None)
            if reply.drip:
                self._wait(sock, reply.drip)
            sock.sendall(_chunk(piece) if is_chunked else piece)
        if is_chunked:
            sock.sendall(b"0\r\n\r\n")
        return not reply.close

    def _drop(self, sock: socket.socket, reply: Reply) -> bool:
        if reply.reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return False


def _read(file: Any, number: int) -> Received | None:
    line = file.readline(65536).decode("latin-1").split()
    if len(line) != 3:
        return None
    headers = {}
    while (header := file.readline(65536).decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(file.readline(), 16):
            body += file.read(size)
            file.readline()
        file.readline()
    else:
        body = file.read(int(headers.get("content-length", "0")))
    return Received(line[0], line[1], headers, body, number)


def _head(reply: Reply, kind: str, length: int | None) -> bytes:
    head = [f"HTTP/1.1 {reply.status} Answer", f"Content-Type: {kind}"]
    head += [f"{name}: {value}" for name, value in reply.headers.items()]
    head.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
    if reply.close:
        head.append("Connection: close")
    return "\r\n".join([*head, "", ""]).encode("latin-1")


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def _body(received: Received, reply: Reply, *, is_stream: bool) -> tuple[list[bytes], str]:
    if reply.body is not None:
        return [reply.body], reply.content_type
    if reply.status != 200:
        error = reply.error or {"error": {"message": "refused", "type": "t", "code": None}}
        return [error if isinstance(error, bytes) else json.dumps(error).encode()], (
            "application/json"
        )
    asked = received.json
    text = reply.text
    if text is None and reply.tool_calls is None:
        text = str(asked["messages"][-1].get("content") or "")
    common = {
        "id": "chatcmpl-1",
        "created": 0,
        "model": reply.model or asked["model"],
        "system_fingerprint": "fp_1",
    }
    if is_stream:
        if reply.events is not None:
            return reply.events, "text/event-stream; charset=utf-8"
        return _events(common, text, reply, asked), "text/event-stream; charset=utf-8"
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if reply.tool_calls is not None:
        message["tool_calls"] = reply.tool_calls
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    document = {**common, "object": "chat.completion", "choices": [choice], "usage": reply.usage}
    if reply.usage is None:
        del document["usage"]
    return [json.dumps(document).encode()], "application/json"


def _events(common: dict[str, Any], text: str | None, reply: Reply, asked: Any) -> list[bytes]:
    common = {**common, "object": "chat.completion.chunk"}

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + json.dumps({**common, "choices": [choice]}).encode() + b"\n\n"

    events = [event({"role": "assistant", "content": ""})]
    if text:
        size = max(1, -(-len(text) // reply.chunks))
        events += [event({"content": text[at : at + size]}) for at in range(0, len(text), size)]
    for index, call in enumerate(reply.tool_calls or ()):
        written = call["function"]["arguments"]
        head = {"name": call["function"]["name"], "arguments": ""}
        events.append(event({"tool_calls": [{**call, "index": index, "function": head}]}))
        for piece in (written[:3], written[3:]):
            events.append(
                event({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
            )
    events.append(event({}, reply.finish))
    if reply.usage is not None and (asked.get("stream_options") or {}).get("include_usage"):
        document = {**common, "choices": [], "usage": reply.usage}
        events.append(b"data: " + json.dumps(document).encode() + b"\n\n")
    return [*events, b"data: [DONE]\n\n"]
