"""`promptops serve`: prompts over HTTP. `promptops serve keys`: who may ask."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.resolve import TrustOption
from promptops.cli.serve.opening import KeysOption, open_keyfile
from promptops.cli.session import clean, current, say, warn
from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    import socket


def serve(
    context: typer.Context,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="SOURCE",
            help="A clone URL, a folder, a snapshot or its URL; several are copies of one thing.",
            show_default="this repository",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="0 takes a free one.")
    ] = 8080,
    keys: KeysOption = None,
    trust: TrustOption = None,
    refresh: Annotated[
        float, typer.Option("--refresh", metavar="SECONDS", help="How long a look is good.")
    ] = 60.0,
    max_body: Annotated[
        int, typer.Option("--max-body", metavar="BYTES", min=1, help="The longest body taken.")
    ] = 1_000_000,
    max_connections: Annotated[
        int, typer.Option("--max-connections", metavar="N", min=1, help="At the same time.")
    ] = 1000,
    io_timeout: Annotated[
        float,
        typer.Option(
            "--io-timeout",
            metavar="SECONDS",
            min=0.01,
            help="How long a client may keep its request, or its answer, waiting.",
        ),
    ] = 10.0,
    drain: Annotated[
        float,
        typer.Option(
            "--drain",
            metavar="SECONDS",
            min=0,
            help="How long to say `not ready`, and go on, before stopping.",
        ),
    ] = 0.0,
) -> None:
    """Serve prompts over HTTP: resolve, render, run, stream, and OpenAI's chat completions.

    Each request needs a key: promptops serve keys add. One line of JSON a request goes to standard
    error, without inputs and answers. SIGTERM answers what is under way, and stops.
    """
    if context.invoked_subcommand is not None:
        return
    from promptops.runtime.registry import open_registry

    _check_installed()
    from promptops.server.listening import serve as listen
    from promptops.server.service import Service, ServiceBounds

    session = current()
    keyfile = open_keyfile(keys)
    if not keyfile.keys.list():
        warn("there is no key yet, so every request is refused", "promptops serve keys add NAME")
    warning = keyfile.check_private()
    if warning:
        warn(clean(warning))
    place = source or (session.directory if session.is_named else None)
    with open_registry(place, refresh=refresh, trust=trust) as registry:
        bounds = ServiceBounds(
            body_bytes=max_body,
            body_seconds=io_timeout,
            header_seconds=io_timeout,
            write_seconds=io_timeout,
            connections=max_connections,
            drain_seconds=drain,
        )
        service = Service(registry, keyfile, bounds, report=_write_line)
        listener = _listen(host, port)
        name, number = listener.getsockname()[:2]
        shown = f"[{name}]" if ":" in name else name
        say(f"serving {clean(registry.source)} at http://{shown}:{number}")
        listen(service, listener)


def _check_installed() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("starlette", "uvicorn", "httptools") if find_spec(name) is None]
    if missing:
        raise PromptopsError(
            f"serving needs {', '.join(missing)}",
            hint="install it with: pip install 'git-promptops[serve]'",
        )


def _listen(host: str, port: int) -> socket.socket:
    import socket

    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"cannot listen at {host}:{port}: {error}", hint="choose others: --host, --port"
        ) from None


def _write_line(line: dict[str, Any]) -> None:
    from datetime import UTC, datetime

    stamped = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **line}
    try:
        sys.stderr.write(json.dumps(stamped) + os.linesep)
        sys.stderr.flush()
    except OSError:
        # Nobody reads the log: no reason to refuse requests.
        return
