"""A real Prometheus for tests: `PROMPTOPS_PROMETHEUS`, or the one on PATH."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VARIABLE = "PROMPTOPS_PROMETHEUS"


class Prometheus(NamedTuple):
    """A server that scrapes."""

    url: str

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        values = {"query": expression} | ({} if at is None else {"time": str(at)})
        answer = self._ask(f"/api/v1/query?{urlencode(values)}")
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def _ask(self, path: str) -> dict[str, Any]:
        with urlopen(f"{self.url}{path}", timeout=10) as answer:
            document: dict[str, Any] = json.load(answer)
        assert document["status"] == "success", document
        return document


def find_program() -> str | None:
    return os.environ.get(VARIABLE) or shutil.which("prometheus")


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
    return port


@contextmanager
def serve_prometheus(program: str, folder: Path, targets: Sequence[str]) -> Iterator[Prometheus]:
    """Start one that scrapes each second."""
    folder.mkdir(exist_ok=True)
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: t, static_configs: [{{targets: {json.dumps(targets)}}}]}}]\n"
    )
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        server = Prometheus(f"http://127.0.0.1:{port}")
        for _ in range(200):
            try:
                with urlopen(f"{server.url}/-/ready", timeout=1):
                    break
            except OSError:
                time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(10)
