"""The service without HTTP: prompts, keys, limits."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.prompt.reference import parse_ref
from promptops.runtime.run.interface import Caller
from promptops.runtime.run.share import choose_share
from promptops.server.metrics import Metrics
from promptops.server.problems import HttpProblem, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.registry import Registry
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.runner import Runner
    from promptops.server.keyfile import KeyFile
    from promptops.server.keys import ServiceKey


def _drop(_: dict[str, Any]) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class ServiceBounds:
    """The limits for one client.

    Attributes:
        body_bytes: the maximum size of a request's body.
        body_seconds: the timeout from the end of the headers to the end of the body.
        header_bytes: the maximum size of a request's first line and headers.
        header_seconds: the timeout from the connection, or a request's first byte, to the end of
            the headers.
        write_seconds: how long a client may read nothing of a pending answer.
        idle_seconds: how long a connection may be idle.
        connections: the maximum number of connections; others get an error to retry later.
        drain_seconds: the time between the stop signal and refusing connections.
        stop_seconds: how long running requests may take after that.
    """

    body_bytes: int = 1_000_000
    body_seconds: float = 10.0
    header_bytes: int = 32_768
    header_seconds: float = 10.0
    write_seconds: float = 10.0
    idle_seconds: float = 30.0
    connections: int = 1000
    drain_seconds: float = 0.0
    stop_seconds: float = 130.0


@dataclass(slots=True)
class Service:
    """The service without HTTP.

    Attributes:
        registry: finds and runs prompts.
        keyfile: the keys.
        bounds: the limits for clients.
        report: writes a log line.
        clock: seconds since 1970.
        random_bytes: random bytes, for ids.
        metrics: the metrics since the start.
        is_draining: whether the service is about to stop and should get no new clients.
    """

    registry: Registry
    keyfile: KeyFile
    bounds: ServiceBounds = field(default_factory=ServiceBounds)
    report: Callable[[dict[str, Any]], None] = _drop
    clock: Callable[[], float] = time.time
    random_bytes: Callable[[int], bytes] = os.urandom
    metrics: Metrics = field(default_factory=Metrics)
    is_draining: bool = False
    _default_environment: str | None = None
    _runner: Runner | None = None

    def authenticate(self, header: str | None) -> ServiceKey:
        """Return the key in an `Authorization` header.

        Raises:
            Problem: the key is missing or invalid.
        """
        scheme, _, text = (header or "").partition(" ")
        key = None
        if scheme.lower() == "bearer":
            key = self.keyfile.keys.find(text.strip(), self.clock())
        if key is None:
            raise HttpProblem(
                401,
                "key",
                "the key is missing, unknown, expired or revoked",
                hint="send the header Authorization: Bearer KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return key

    def is_good(self, key: ServiceKey) -> bool:
        """Return whether a key is still valid."""
        return self.keyfile.keys.is_good(key.id, self.clock())

    async def admit(self, key: ServiceKey, ref: str) -> None:
        """Raise an error unless the key covers a prompt ref.

        Raises:
            UsageError: the ref is malformed.
            Problem: the key does not cover it; the error is that of a missing prompt.
        """
        wanted = parse_ref(ref)
        if not key.scope.covers(wanted, await self.default_environment()):
            raise not_found()

    async def default_environment(self) -> str:
        """Return the default environment."""
        if self._default_environment is None:
            # Opening a source may take a while.
            self._default_environment = await asyncio.to_thread(
                lambda: self.registry.default_environment
            )
        return self._default_environment

    async def find(self, ref: str, share_key: str | None = None) -> ResolvedPrompt:
        """Return the prompt for a caller. A paused one is marked as such.

        Args:
            ref: a prompt ref that the key covers.
            share_key: the key for traffic shares.
        """
        found = await self.registry.find_async(ref)
        if len(found.split) > 1 and found.paused is None:
            chosen = choose_share(found.split, found.name, share_key)
            if chosen.version != found.version:
                return await self.registry.find_async(
                    f"{found.name}@{found.environment}", chosen.version
                )
        return found

    async def runner(self) -> Runner:
        """Return the runner of prompts; opening it reads files."""
        if self._runner is None:
            self._runner = await asyncio.to_thread(self.registry.open_runner)
        return self._runner

    async def is_ready(self) -> bool:
        """Return whether the service can answer: it has prompts and is not stopping."""
        if self.is_draining:
            return False
        try:
            await asyncio.to_thread(self.registry.list)
            _ = self.keyfile.keys
        except Exception:  # noqa: BLE001 - whatever it is, requests would meet it as well
            return False
        return True


def make_caller(
    key: ServiceKey, request_id: str, user: str | None, tenant: str | None, share_key: str | None
) -> Caller:
    """Return the caller of a run, from key and request.

    Raises:
        Problem: the key is for another tenant.
    """
    own = key.scope.tenant
    if own is not None and tenant not in {None, own}:
        raise HttpProblem(403, "scope", "this key is for another tenant", parameter="tenant")
    labels = {"request": request_id, "key": key.id}
    return Caller(user, own if own is not None else tenant, share_key, labels=labels)
