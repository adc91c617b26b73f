"""A real Redis server of the tests' own, on a loopback port, gone when they end."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_program() -> str | None:
    """The path of `redis-server`, or None where it is not installed."""
    return shutil.which("redis-server")


class Server:
    """A server that keeps what it was told, and can be killed and started again."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self._program = program
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{port}/3"

    def start(self) -> None:
        """Start it, and wait until it says that it takes connections."""
        self._process = subprocess.Popen(
            [
                *(self._program, "--port", str(self._port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
                *("--maxmemory-policy", "noeviction", "--dir", str(self._folder)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line.decode("utf-8", "replace"))
            if b"Ready to accept connections" in line:
                return
        raise AssertionError("".join(said))

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def freeze(self) -> None:
        """Let it take connections and never answer."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


@contextmanager
def serve_redis(program: str) -> Iterator[Server]:
    """Run a server until the context ends."""
    with TemporaryDirectory(prefix="promptops-redis-") as name:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        server = Server(program, Path(name), port)
        server.start()
        try:
            yield server
        finally:
            server.kill()
