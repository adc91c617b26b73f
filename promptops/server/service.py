"""What all requests share: the prompts, the keys, the bounds."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptops.prompt.reference import parse_ref
from promptops.runtime.run.runner import Caller
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
    """How much one client may take.

    Attributes:
        body_bytes: of a request's body.
        body_seconds: from the end of the headers to the end of the body.
        header_bytes: of a request's first line and headers.
        header_seconds: from the connection, or a request's first byte, to the end of the headers.
        write_seconds: for how long a client may read nothing of what waits for it.
        idle_seconds: for how long a connection may wait for the next request.
        connections: at the same time; whoever comes on top is told to come again.
        drain_seconds: between being told to stop and taking no more connections.
        stop_seconds: for what is still running after that.
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
    """The service, without HTTP.

    Attributes:
        registry: where prompts come from, and what runs them.
        keyfile: who may ask.
        bounds: how much a client may take.
        report: takes the lines of the log.
        clock: seconds since 1970.
        random_bytes: random bytes, for ids.
        metrics: what happened since the start.
        is_draining: whether the service is about to stop, so that no new client should come.
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
            Problem: there is none, or it is not good.
        """
        scheme, _, text = (header or "").partition(" ")
        key = None
        if scheme.lower() == "bearer":
            key = self.keyfile.keys.find(text.strip(), self.clock())
        if key is None:
            raise HttpProblem(
                401,
                "key",
                "a key is needed, and there is none, or it is unknown, expired or revoked",
                hint="send it as: Authorization: Bearer KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return key

    def is_good(self, key: ServiceKey) -> bool:
        """Return whether a key is still good."""
        return self.keyfile.keys.is_good(key.id, self.clock())

    async def admit(self, key: ServiceKey, ref: str) -> None:
        """Refuse a prompt ref that the key does not cover.

        Raises:
            UsageError: the ref is malformed.
            Problem: as if there were no such prompt.
        """
        wanted = parse_ref(ref)
        if not key.scope.covers(wanted, await self.default_environment()):
            raise not_found()

    async def default_environment(self) -> str:
        """Return what a ref without a selector means."""
        if self._default_environment is None:
            # The first look at a source may take a while.
            self._default_environment = await asyncio.to_thread(
                lambda: self.registry.default_environment
            )
        return self._default_environment

    async def find(self, ref: str, share_key: str | None = None) -> ResolvedPrompt:
        """Return the prompt that serves a caller; one that is paused says so.

        Args:
            ref: a prompt ref, admitted.
            share_key: what traffic shares go by.
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
        """Return what runs prompts; opening it reads files."""
        if self._runner is None:
            self._runner = await asyncio.to_thread(self.registry.open_runner)
        return self._runner

    async def is_ready(self) -> bool:
        """Return whether the service can answer: prompts are at hand, and it is not stopping."""
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
    """Return on whose behalf a prompt runs, as key and request say.

    Raises:
        Problem: the key is for another tenant.
    """
    own = key.scope.tenant
    if own is not None and tenant not in {None, own}:
        raise HttpProblem(403, "scope", "this key is for another tenant", parameter="tenant")
    labels = {"request": request_id, "key": key.id}
    return Caller(user, own if own is not None else tenant, share_key, labels=labels)
