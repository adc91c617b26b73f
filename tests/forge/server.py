"""A web server on loopback, a clock that nobody waits for, and what went over the wire."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from promptops.forge.limits import ForgeLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# 2026-01-01 00:00:00 UTC
START_SECONDS = 1_767_225_600.0


class Clock:
    """Time that passes only when somebody sleeps, and remembers for how long they did."""

    def __init__(self) -> None:
        self.now_seconds = START_SECONDS
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_seconds += seconds

    def now(self) -> float:
        return self.now_seconds

    def limits(self, **others: Any) -> ForgeLimits:
        return ForgeLimits(
            **{"sleep": self.sleep, "monotonic": self.now, "now": self.now, **others}
        )


@dataclass(frozen=True)
class Request:
    """What a client asked; header names are in lower case."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass
class Response:
    """What the server says. A body in parts is sent as it comes, without its length."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> Response:
        names = {name.replace("_", "-"): text for name, text in headers.items()}
        names = {"content-type": "application/json; charset=utf-8", **names}
        return cls(status, json.dumps(value).encode(), names)


class Server:
    """Answers requests by a function, and keeps what was asked and said."""

    def __init__(self, respond: Callable[[Request], Response], clock: Clock) -> None:
        self.exchanges: list[tuple[Request, Response]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body leave at once, and nobody waits for the other's acknowledgement.
            wbufsize = -1
            disable_nagle_algorithm = True

            def answer(self) -> None:
                parts = urlsplit(self.path)
                request = Request(
                    parts.path,
                    dict(parse_qsl(parts.query)),
                    {name.lower(): text for name, text in self.headers.items()},
                    self.command,
                    self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
                response = respond(request)
                server.exchanges.append((request, response))
                self.send_response_only(response.status)
                body = response.body
                whole = isinstance(body, bytes)
                lengths = {"content-length": str(len(body))} if isinstance(body, bytes) else {}
                dates = {"date": formatdate(clock.now_seconds, usegmt=True)}
                for name, text in {**dates, **lengths, **response.headers}.items():
                    self.send_header(name, text)
                self.close_connection = not whole
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    for part in [body] if isinstance(body, bytes) else body:
                        self.wfile.write(part)
                        self.wfile.flush()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - its caller's names

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._listener.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._listener.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._listener.shutdown()
            thread.join()
            self._listener.server_close()
