"""A real PostgreSQL server of the tests' own, on a loopback port, gone when they end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# PostgreSQL refuses to run as root; Debian's packages make this user.
USER = "postgres"


def find_programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, or None where they are not installed."""
    found = shutil.which("pg_ctl")
    if found is not None:
        return Path(found).parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


class Server:
    """A server that can be killed and started again."""

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self._programs = programs
        self._folder = folder
        self.url = f"postgresql://promptops@127.0.0.1:{port}/postgres"
        self._port = port

    def run(self, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, as somebody who is not root."""
        user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
        program = str(self._programs / arguments[0])
        log = self._folder / "output"
        with log.open("ab") as output:
            done = subprocess.run(
                [*user, program, *arguments[1:]],
                check=False,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        assert done.returncode == 0, log.read_text()

    def make(self) -> None:
        """Make an empty cluster."""
        self.run("initdb", "-D", "data", "-U", "promptops", "-A", "trust", "-E", "UTF8", "-N")

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self.run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def kill(self) -> None:
        """Stop it at once, as a crash would."""
        self.run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")


@contextmanager
def serve_postgres(programs: Path) -> Iterator[Server]:
    """Run a server until the context ends."""
    with TemporaryDirectory(prefix="promptops-postgres-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        server = Server(programs, folder, port)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.kill()
