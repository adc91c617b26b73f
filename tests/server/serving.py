"""The real service, in a process of its own or in a thread of this one, and a plain client of it."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from promptops.server.calls import Application
    from promptops.server.service import Service


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


class Served:
    """A service on a port of this machine, its log, and a plain client of it."""

    def __init__(self) -> None:
        self.port = 0
        self.lines: list[dict[str, Any]] = []
        self._news = threading.Condition()

    def note(self, line: dict[str, Any]) -> None:
        """Keep a line of the log."""
        with self._news:
            self.lines.append(line)
            self._news.notify_all()

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


class Running(Served):
    """A verb that serves, in a process; a context manager."""

    def __init__(
        self,
        folder: Path,
        options: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        verb: tuple[str, ...] = ("serve",),
    ) -> None:
        super().__init__()
        self.folder = folder
        self.options = options
        self.env = env
        self.verb = verb
        self.talk: list[str] = []

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "promptops", "-C", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, *self.verb, "--port", "0", *self.options],
            stderr=subprocess.PIPE,
            text=True,
            env=None if self.env is None else dict(self.env),
        )
        self._is_up = threading.Event()
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
                self.note(json.loads(line))
                continue
            self.talk.append(line)
            match = re.search(r" at http://127\.0\.0\.1:(\d+)(?:/mcp)?$", line.rstrip())
            if match:
                self.port = int(match[1])
                self._is_up.set()
        self._is_up.set()


class Hosted(Served):
    """The service in a thread of this process; a context manager. It starts in a tenth of the time.

    Args:
        folder: the repository of the prompts and keys.
        application: makes the application of a service; None: the one of `promptops serve`.
    """

    def __init__(
        self, folder: Path, application: Callable[[Service], Application] | None = None
    ) -> None:
        # Most tests that import this module start no service in their process.
        from promptops.cli.serve.opening import open_listener
        from promptops.runtime.registry import open_registry
        from promptops.server.application import make_application
        from promptops.server.keyfile import KeyFile, find_keys
        from promptops.server.listening import make_server
        from promptops.server.service import Service

        super().__init__()
        self._registry = open_registry(folder, refresh=0)
        keys = KeyFile(find_keys(None, {}, common_dir=folder / ".git"))
        self.service = Service(self._registry, keys, report=self.note)
        self._server = make_server(self.service, (application or make_application)(self.service))
        self._listener = open_listener("127.0.0.1", 0)
        self.port = self._listener.getsockname()[1]
        sockets = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=sockets)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._registry.close()
