"""`promptops serve`: serve prompts over HTTP. `promptops serve keys`: manage its keys."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.resolve import TrustOption
from promptops.cli.serve.opening import (
    KeysOption,
    check_installed,
    format_address,
    open_keyfile,
    open_listener,
    write_line,
)
from promptops.cli.session import clean, current, say, warn


def serve(
    context: typer.Context,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="SOURCE",
            help="A clone URL, folder, snapshot or snapshot URL; repeat to add fallbacks.",
            show_default="this repository",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="PORT", min=0, max=65535, help="The port; 0 picks a free one."
        ),
    ] = 8080,
    keys: KeysOption = None,
    trust: TrustOption = None,
    refresh: Annotated[
        float,
        typer.Option(
            "--refresh", metavar="SECONDS", help="How often to check the source for changes."
        ),
    ] = 60.0,
    max_body: Annotated[
        int,
        typer.Option("--max-body", metavar="BYTES", min=1, help="Maximum size of a request body."),
    ] = 1_000_000,
    max_connections: Annotated[
        int,
        typer.Option(
            "--max-connections", metavar="N", min=1, help="Maximum number of open connections."
        ),
    ] = 1000,
    io_timeout: Annotated[
        float,
        typer.Option(
            "--io-timeout",
            metavar="SECONDS",
            min=0.01,
            help="Timeout for reading a request and for writing a response.",
        ),
    ] = 10.0,
    drain: Annotated[
        float,
        typer.Option(
            "--drain",
            metavar="SECONDS",
            min=0,
            help="On shutdown, report `not ready` this long before stopping.",
        ),
    ] = 0.0,
) -> None:
    """Serve prompts over HTTP: resolve, render, run and stream, and OpenAI's chat completions.

    Each request needs a key; create one with `promptops serve keys add`. One line of JSON per
    request goes to standard error, without inputs and answers. On SIGTERM, open requests are
    completed first.
    """
    if context.invoked_subcommand is not None:
        return
    from promptops.runtime.registry import open_registry

    check_installed("serve", ("starlette", "uvicorn", "httptools"))
    from promptops.server.application import make_application
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
        service = Service(registry, keyfile, bounds, report=write_line)
        listener = open_listener(host, port)
        say(f"serving {clean(registry.source)} at {format_address(listener)}")
        listen(service, make_application(service), listener)
