"""The real service in a process of its own, and a plain client of it."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType


class Reply(NamedTuple):
    """What the service answered; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def events(self) -> list[tuple[str, Any]]:
        """The server-sent events: name, and data as JSON where it is JSON."""
        found = []
        for block in self.body.decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines())
            if lines:
                data = lines["data"]
                value = data if data == "[DONE]" else json.loads(data)
                found.append((lines.get("event", ""), value))
        return found


@dataclass
class Running:
    """A verb that serves, in a process; a context manager."""

    folder: Path
    options: tuple[str, ...] = ()
    env: Mapping[str, str] | None = None
    verb: tuple[str, ...] = ("serve",)
    port: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    talk: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "promptops", "-C", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, *self.verb, "--port", "0", *self.options],
            stderr=subprocess.PIPE,
            text=True,
            env=None if self.env is None else dict(self.env),
        )
        self._is_up = threading.Event()
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._is_up.wait(60), "the service does not start"
        if not self.port:
            self.stop()
            pytest.fail("".join(self.talk))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Tell it to stop, wait until it has, and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                with self._news:
                    self.lines.append(json.loads(line))
                    self._news.notify_all()
                continue
            self.talk.append(line)
            match = re.search(r" at http://127\.0\.0\.1:(\d+)(?:/mcp)?$", line.rstrip())
            if match:
                self.port = int(match[1])
                self._is_up.set()
        self._is_up.set()

    def find_line(self, **values: Any) -> dict[str, Any]:
        """Wait for the line of the log that has these values, and give it."""

        def find() -> dict[str, Any] | None:
            items = values.items()
            return next(
                (
                    line
                    for line in self.lines
                    if all(line.get(name) == value for name, value in items)
                ),
                None,
            )

        with self._news:
            line = self._news.wait_for(find, 30)
        assert line is not None, self.lines
        return line

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask on a connection of its own; a body that is not bytes is sent as JSON."""
        given = dict(headers or {})
        if key is not None:
            given["Authorization"] = f"Bearer {key}"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = self.connect()
        try:
            connection.request(method, path, data, given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()
