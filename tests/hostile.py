"""Servers that misbehave: Git over HTTP whose answers get lost, and ports that say nothing."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.repositories import Repo


@dataclass
class GitServer:
    """One bare repository over HTTP, served by `git http-backend`.

    Attributes:
        repo: the repository.
        faults: what happens to the next pushes, the first one first: `lose` takes it and says
            nothing, `drop` does not take it and says nothing, `bad gateway` takes it and answers
            502, `half` takes it and cuts the answer off, `twice` takes it twice and answers what
            came of the second, `silent` does not take it and keeps the line open, `late` says
            nothing and takes it only when `release` is called. An empty word changes nothing.
        authorization: the header that every request must have; empty: none is asked for.
        between: called after a push was taken and before it is answered.
    """

    repo: Repo
    faults: list[str] = field(default_factory=list)
    between: Callable[[], None] = lambda: None
    reads_fail: bool = False
    authorization: str = ""
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    @contextmanager
    def serve(self) -> Iterator[GitServer]:
        """Serve until the block ends."""
        handler = type("Handler", (_Handler,), {"outer": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}/{self.repo.path.name}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            server.shutdown()
            thread.join()
            for one in self.threads:
                one.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request; `outer` is the server's word on it."""

    outer: GitServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _is_stranger(self) -> bool:
        wanted = self.outer.authorization
        if not wanted or self.headers.get("Authorization") == wanted:
            return False
        self.close_connection = True
        self.send_error(401)
        return True

    def do_GET(self) -> None:
        if self._is_stranger():
            return
        if self.outer.reads_fail:
            self.close_connection = True
            return
        self._answer(self._run(b""))

    def do_POST(self) -> None:
        data = self._body()
        if self._is_stranger():
            return
        if "receive-pack" not in self.path or data == b"0000":
            self._answer(self._run(data))
            return
        fault = self.outer.faults.pop(0) if self.outer.faults else ""
        if fault == "silent":
            self.outer.released.wait()
        if fault == "late":
            self.close_connection = True
            thread = threading.Thread(target=self._take_late, args=(data,))
            self.outer.threads.append(thread)
            thread.start()
            return
        if fault in {"drop", "silent"}:
            self.close_connection = True
            return
        taken = self._run(data)
        if fault == "twice":
            taken = self._run(data)
        self.outer.between()
        if fault == "lose":
            self.close_connection = True
        elif fault == "bad gateway":
            self.send_error(502)
        else:
            self._answer(taken, is_cut=fault == "half")

    def _take_late(self, data: bytes) -> None:
        self.outer.released.wait()
        self._run(data)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_packed = self.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(data) if is_packed else data

    def _run(self, data: bytes) -> bytes:
        path, _, query = self.path.partition("?")
        variables = {
            "GIT_PROJECT_ROOT": str(self.outer.repo.path.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(data)),
            "REMOTE_USER": "somebody",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=data,
            capture_output=True,
            check=False,
            env={**os.environ, **variables},
        )
        return done.stdout

    def _answer(self, said: bytes, *, is_cut: bool = False) -> None:
        head, _, body = said.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        self.send_response(int(lines.pop("Status", "200").split()[0]))
        for key, value in lines.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if is_cut else body)
        self.close_connection = self.close_connection or is_cut


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
