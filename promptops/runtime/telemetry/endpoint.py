"""The counts of runs at an address, for a Prometheus that comes and asks."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from promptops.runtime.telemetry.prometheus import CONTENT_TYPE, format_metrics

if TYPE_CHECKING:
    from pathlib import Path

_SOCKET_SECONDS = 5.0


def make_endpoint(folder: Path, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server of `/metrics`; port 0 takes any that is free. Call its `serve_forever`.

    Raises OSError where the address cannot be taken.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _SOCKET_SECONDS

        def do_GET(self) -> None:
            is_there = self.path.partition("?")[0] == "/metrics"
            body = format_metrics(folder).encode() if is_there else b"see /metrics\n"
            self.send_response(200 if is_there else 404)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server
