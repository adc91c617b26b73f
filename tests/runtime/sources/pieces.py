"""Snapshots, and a web server that has them."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from promptops.prompt.reference import parse_ref
from promptops.repository.repository import open_repository
from promptops.runtime.resolution import open_view
from promptops.runtime.sources.snapshot import (
    format_snapshot,
    take_snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.released import Press

NAME = "support/triage"


def freeze(press: Press, *refs: str, environments: tuple[str, ...] = ()) -> bytes:
    view = open_view(open_repository(press.repo.path))
    return format_snapshot(take_snapshot(view, [parse_ref(ref) for ref in refs], environments))


class Web:
    """A web server that the test tells what to answer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.status = 200
        self.cut = 0
        self.answers: list[int] = []
        self.url = ""
        self.authorization: str | None = None
        self.drip = ""


@contextmanager
def serve() -> Iterator[Web]:
    web = Web()
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if web.drip:
                self.drip(web.drip)
                return
            body = web.files.get(self.path)
            etag = f'"{hash(body)}"'
            status = web.status if body is not None or web.status != 200 else 404
            if status == 200 and self.headers.get("If-None-Match") == etag:
                status = 304
            web.answers.append(status)
            web.authorization = self.headers.get("Authorization")
            self.send_response(status)
            if status == 200 and body is not None:
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status == 200 and body is not None:
                self.wfile.write(body[: len(body) - web.cut])

        def drip(self, where: str) -> None:
            """Send a byte now and then, for ever."""
            self.close_connection = True
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if where == "body" else b"X: "))
                while not ended.wait(0.02):
                    self.wfile.write(b" ")

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    web.url = f"http://127.0.0.1:{server.server_port}/prompts.json"
    try:
        yield web
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
