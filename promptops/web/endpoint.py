"""Serve one text at an address, generated for each request."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SOCKET_SECONDS = 5.0


def make_endpoint(
    path: str, kind: str, answer: Callable[[], str], host: str, port: int
) -> ThreadingHTTPServer:
    """Return a server for one path; the caller calls `serve_forever`.

    Args:
        path: the served path, such as `/metrics`.
        kind: its content type.
        answer: returns the text.
        host: the address to listen at.
        port: the port; 0 picks a free one.

    Raises OSError if the address is in use or not permitted.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _SOCKET_SECONDS

        def do_GET(self) -> None:
            is_there = self.path.partition("?")[0] == path
            body = answer().encode() if is_there else f"see {path}\n".encode()
            self.send_response(200 if is_there else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server
