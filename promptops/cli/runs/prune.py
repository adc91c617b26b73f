"""`promptops runs prune`: remove old runs."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from promptops.cli.runs.conversations import open_stores
from promptops.cli.runs.opening import log_settings, open_run_log, who
from promptops.cli.runs.view import format_second
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    YesOption,
    confirm,
    emit,
    emit_json,
    json_document,
    say,
)
from promptops.cli.times import parse_moment
from promptops.errors import UsageError


def prune(
    before: Annotated[
        str | None,
        typer.Option(
            "--before",
            metavar="TIME",
            help="Remove runs started before TIME: 90d or a date; by default [log] retention.",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, for the record.")
    ] = "old",
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Remove runs older than a given time, with their content.

    Hourly sums stay, so statistics remain correct. Runs with an open review stay too. Content of
    expired conversations is also removed.
    """
    now = time.time()
    if before is not None:
        limit = parse_moment(before, now)
    else:
        retention = log_settings().retention_seconds
        if retention is None:
            raise UsageError(
                "no age limit given", hint="give --before 90d, or set retention in [log]"
            )
        limit = now - retention
    if limit > now:
        raise UsageError("--before is in the future", hint="give a time span, such as 90d")
    with open_run_log() as log:
        counted = log.prune(limit, by="", reason="", dry_run=True)
        done = counted
        if counted.runs and not dry_run:
            confirm(f"remove {counted.runs} runs from before {format_second(limit)}?", yes=yes)
            done = log.prune(limit, by=who(), reason=reason)
    expired = 0
    if not dry_run:
        with open_stores() as stores:
            expired = sum(store.expire(now) for store in stores.values())
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.prune/v1",
                before=format_second(limit),
                runs=done.runs,
                texts=None if dry_run else done.texts,
                conversations=None if dry_run else expired,
                dry_run=dry_run,
            )
        )
        return
    verb = "would remove" if dry_run else "removed"
    texts = "" if dry_run else f" and {done.texts} texts"
    if expired:
        say(f"{expired} conversations expired")
    emit(f"{verb} {done.runs} runs{texts} from before {format_second(limit)}")
