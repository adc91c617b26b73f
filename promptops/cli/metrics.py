"""`promptops metrics`: the counts of runs for Prometheus."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli.session import emit, runtime_config, runtime_folders, say
from promptops.errors import UsageError, quote
from promptops.repository.settings.reading import read_duration


def metrics(
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write to FILE atomically, for node_exporter."
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="SPAN", help="Write again at this interval, such as 15s."),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Serve /metrics until interrupted."),
    ] = None,
) -> None:
    """Print the run metrics of all processes on this machine, in the Prometheus text format.

    Runs are counted if the configuration has [telemetry] prometheus. Counts of ended processes are
    kept.
    """
    from promptops.runtime.telemetry.prometheus import format_metrics

    if listen is not None and (output is not None or every is not None):
        raise UsageError(
            "--listen cannot be combined with --output or --every", hint="give one or the other"
        )
    if every is not None and output is None:
        raise UsageError("--every needs a file", hint="use -o FILE")
    folder = _find_folder()
    if listen is not None:
        _serve(folder, listen)
    elif output is None:
        emit(format_metrics(folder).rstrip("\n"))
    else:
        _write(folder, Path(output), _read_span(every))


def _write(folder: Path, file: Path, seconds: float | None) -> None:
    from promptops.repository.writing import write_atomically
    from promptops.runtime.telemetry.prometheus import format_metrics

    while True:
        # node_exporter runs as another user.
        write_atomically(file, format_metrics(folder).encode(), mode=0o644)
        if seconds is None:
            return
        time.sleep(seconds)


def _read_span(text: str | None) -> int | None:
    seconds = None if text is None else read_duration(text)
    if text is not None and not seconds:
        raise UsageError(f"--every {quote(text)} is not a time span", hint="write 15s or 1m")
    return seconds


def _serve(folder: Path, listen: str) -> None:
    from promptops.runtime.telemetry.prometheus import CONTENT_TYPE, format_metrics
    from promptops.web.endpoint import make_endpoint

    def answer() -> str:
        return format_metrics(folder)

    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise UsageError(f"--listen {listen} is not an address", hint="write 127.0.0.1:9464")
    try:
        name = host.strip("[]") or "127.0.0.1"
        server = make_endpoint("/metrics", CONTENT_TYPE, answer, name, int(port))
    except OSError as error:
        raise UsageError(
            f"cannot listen at {listen}: {error.strerror}", hint="choose another port"
        ) from error
    with server:
        say(f"metrics are at http://{host}:{server.server_address[1]}/metrics")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")


def _find_folder() -> Path:
    from promptops.runtime.telemetry.opening import find_counts

    config = runtime_config()
    if not config.telemetry.prometheus:
        raise UsageError("run metrics are disabled", hint="set prometheus = true in [telemetry]")
    common, top = runtime_folders()
    return find_counts(config.telemetry, config.log, os.environ, common_dir=common, top=top)
