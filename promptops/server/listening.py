"""Run the service's process: listen, and stop without losing a request."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import uvicorn

from promptops.server.protocol import make_protocol

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from promptops.server.calls import Application
    from promptops.server.service import Service


class _Server(uvicorn.Server):  # type: ignore[misc]  # an extra, checked without types
    """A server that drains before it stops, and does not exit the process."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._stop_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begin to stop; a second signal cancels running requests."""
        if self._service.is_draining:
            self._stop_at = time.monotonic()
            self.force_exit = self.should_exit
            return
        self._service.is_draining = True
        self._stop_at = time.monotonic() + self._service.bounds.drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop now."""
        stop = await super().on_tick(counter)
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.should_exit = True
        return bool(stop or self.should_exit)


def serve(service: Service, application: Application, listener: socket.socket) -> None:
    """Serve until a stop signal; running requests are answered first.

    Args:
        service: the service to run.
        application: the ASGI application.
        listener: a listening socket.
    """
    make_server(service, application).run(sockets=[listener])


def make_server(service: Service, application: Application) -> uvicorn.Server:
    """Return the server of an ASGI application; `run` serves until `should_exit` is set."""
    bounds = service.bounds
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        application,
        http=make_protocol(bounds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Trust forwarded headers only from named proxies.
        proxy_headers=False,
        timeout_keep_alive=max(int(bounds.idle_seconds), 1),
        timeout_graceful_shutdown=max(int(bounds.stop_seconds), 1),
        limit_concurrency=bounds.connections,
    )
    return _Server(config, service)
