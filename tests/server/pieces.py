"""A service whose prompts are named by the test, and one request to an application, without sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from promptops.server.keyfile import KeyFile
from promptops.server.keys import KeyScope, ServiceKeys, make_key
from promptops.server.service import Service
from tests.server.serving import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping
    from pathlib import Path

    from promptops.server.calls import Application
    from promptops.server.keys import ServiceKey

NOW = 1_800_000_000


class FakeRegistry:
    """A registry of prompts by ref, or by ref and version; all is live in `production`."""

    def __init__(self, **prompts: Any) -> None:
        self.default_environment = "production"
        self.prompts: dict[str, Any] = prompts
        self.asked: list[str] = []
        self.is_closed = False

    def list(self, environment: str = "production") -> list[Any]:
        self.asked.append(f"list {environment}")
        return list(self.prompts.values())

    async def find_async(self, ref: str, version: str | None = None) -> Any:
        self.asked.append(ref if version is None else f"{ref} {version}")
        found = self.prompts[ref if version is None else version]
        if isinstance(found, Exception):
            raise found
        return found

    def metrics(self) -> str:
        return "runs 1\n"

    async def aclose(self) -> None:
        self.is_closed = True


def make_service(
    folder: Path, registry: object = None, scope: KeyScope | None = None, **more: Any
) -> tuple[Service, str, list[dict[str, Any]]]:
    """A service at the time `NOW` with one key: the service, the key, and the lines of its log."""
    lines: list[dict[str, Any]] = []
    key, text = make_test_key(scope)
    keyfile = KeyFile(folder / "keys.json")
    keyfile.change(lambda _: ServiceKeys([key]))
    given = cast("Any", FakeRegistry() if registry is None else registry)
    options = {"report": lines.append, "clock": lambda: NOW, "random_bytes": bytes, **more}
    return Service(given, keyfile, **options), text, lines


def make_test_key(scope: KeyScope | None = None, **more: Any) -> tuple[ServiceKey, str]:
    """A key and its text; the random bytes are zeros."""
    options = {"now": NOW - 60, "expires_at": None, "random_bytes": bytes, **more}
    return make_key("tests", scope or KeyScope(), **options)


def ask(
    application: Application,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Give one request to an application, whose body comes whole, and return its answer."""
    query = path.partition("?")[2].encode()
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path.partition("?")[0],
        "query_string": query,
        "headers": [(name.lower().encode(), one.encode()) for name, one in (headers or {}).items()],
    }
    return asyncio.run(answer(application, scope, body))


async def answer(application: Application, scope: dict[str, Any], body: bytes = b"") -> Reply:
    """The same within an event loop, from the request's scope."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await application(scope, arrive(body), send)
    start, *rest = sent
    found = {name.decode().lower(): one.decode() for name, one in start["headers"]}
    return Reply(start["status"], found, b"".join(one.get("body", b"") for one in rest))


def arrive(*parts: bytes) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """The messages of a body that comes in parts; then the client stays and says nothing."""
    messages = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]

    async def receive() -> MutableMapping[str, Any]:
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive
