"""Shared parts of the serving verbs: keys, sockets and log."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import current
from promptops.errors import NotARepositoryError, PromptopsError, UsageError
from promptops.server.keyfile import VARIABLE, KeyFile, find_keys

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

KeysOption = Annotated[
    str | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        help=f"The key file; by default {VARIABLE}, else a file in the repository's Git folder.",
        show_default=False,
    ),
]


def open_keyfile(path: str | None) -> KeyFile:
    """Return the keys file, which may be missing."""
    common = None
    if not path and not os.environ.get(VARIABLE):
        try:
            common = current().repository.git.common_dir
        except NotARepositoryError:
            common = None
    return KeyFile(find_keys(path, os.environ, common_dir=common))


def check_installed(extra: str, modules: Sequence[str]) -> None:
    """Raise an error if the packages of an extra are missing.

    Args:
        extra: the extra's name, for the hint.
        modules: the required modules.

    Raises:
        PromptopsError: a module is missing.
    """
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise PromptopsError(
            f"{extra} needs {', '.join(missing)}",
            hint=f"install it with: pip install 'git-promptops[{extra}]'",
        )


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        host: the address.
        port: the port; 0 takes a free one.

    Raises:
        UsageError: the address is not available.
    """
    import socket

    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"cannot listen at {host}:{port}: {error}", hint="choose another --host or --port"
        ) from None
    # Without TCP_NODELAY the second part of an answer waits up to 40 ms for the client to
    # acknowledge the first. asyncio sets it only on its own sockets.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def format_address(listener: socket.socket) -> str:
    """Return the URL of a listening socket, without a path."""
    name, number = listener.getsockname()[:2]
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{number}"


def write_line(line: dict[str, Any]) -> None:
    """Write one line of the service's log to standard error, as JSON with the time."""
    from datetime import UTC, datetime

    stamped = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **line}
    try:
        sys.stderr.write(json.dumps(stamped) + os.linesep)
        sys.stderr.flush()
    except OSError:
        # The reader of the log is gone; keep serving.
        return
