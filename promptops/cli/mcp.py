"""`promptops mcp`: prompts over the Model Context Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from promptops.errors import NotARepositoryError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def mcp(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="SOURCE",
            help="A clone URL, folder, snapshot or snapshot URL; repeat to add fallbacks.",
            show_default="this repository",
        ),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env",
            metavar="ENVIRONMENT",
            help="The environment whose versions clients see.",
            show_default="the default environment",
        ),
    ] = None,
    allow_run: Annotated[
        bool, typer.Option("--allow-run", help="Let clients run prompts, within the limits.")
    ] = False,
    http: Annotated[
        bool,
        typer.Option(
            "--http", help="Serve over HTTP, with keys, instead of standard input and output."
        ),
    ] = False,
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDRESS", help="With --http: the address to listen on."),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port",
            metavar="PORT",
            min=0,
            max=65535,
            help="With --http: the port; 0 picks a free one.",
        ),
    ] = 8090,
    keys: KeysOption = None,
    trust: TrustOption = None,
    refresh: Annotated[
        float,
        typer.Option(
            "--refresh", metavar="SECONDS", help="How often to check the source for changes."
        ),
    ] = 60.0,
) -> None:
    """Serve prompts to editors, desktop clients and agents over the Model Context Protocol.

    Clients see prompts with their arguments, versions and differences. Tools check, compare,
    resolve and render. Nothing changes a prompt. Clients start this command themselves:

      {"mcpServers": {"prompts": {"command": "promptops", "args": ["-C", "FOLDER", "mcp"]}}}
    """
    check_installed("mcp", ("mcp", "uvicorn", "httptools"))
    from promptops.runtime.registry import open_registry
    from promptops.server.mcp.tools import ToolOptions
    from promptops.server.service import Service

    if not http and keys is not None:
        raise UsageError("--keys needs --http", hint="add --http: keys are for clients over HTTP")
    session = current()
    place = source or (session.directory if session.is_named else None)
    folder = None if source else _find_work_tree()
    options = ToolOptions(None if http else folder, allow_run)
    with open_registry(place, refresh=refresh, trust=trust, environment=environment) as registry:
        pinned = registry.default_environment
        if not http:
            from promptops.server.mcp.application import serve_streams

            serve_streams(Service(registry, open_keyfile(None)), pinned, options)
            return
        from promptops.server.listening import serve
        from promptops.server.mcp.application import PATH, make_application

        keyfile = open_keyfile(keys)
        if not keyfile.keys.list():
            warn(
                "there is no key yet, so every request is refused",
                "promptops serve keys add NAME --verb render --verb read",
            )
        warning = keyfile.check_private()
        if warning:
            warn(clean(warning))
        service = Service(registry, keyfile, report=write_line)
        listener = open_listener(host, port)
        say(f"serving {clean(registry.source)} at {format_address(listener)}{PATH}")
        serve(service, make_application(service, pinned, options), listener)


def _find_work_tree() -> Path | None:
    """Return the current folder if it is in a work tree."""
    session = current()
    try:
        is_bare = session.repository.git.work_tree is None
    except NotARepositoryError:
        return None
    return None if is_bare else session.directory
