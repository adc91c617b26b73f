"""`promptops runs erase`: remove everything of one user, from every store."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli.runs.conversations import open_stores
from promptops.cli.runs.opening import make_filters, open_run_log, who
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    YesOption,
    confirm,
    emit,
    emit_json,
    json_document,
    one_line,
    say,
)


def erase(
    user: Annotated[
        str, typer.Option("--user", metavar="USER", help="The user whose runs are removed.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, for the record.")
    ],
    receipt: Annotated[
        str | None,
        typer.Option(
            "--receipt", metavar="FILE", help="Write a receipt of what was removed, as JSON."
        ),
    ] = None,
    conversations: Annotated[
        list[str] | None,
        typer.Option(
            "--conversations",
            metavar="STORE",
            help="Also erase from this conversation store; repeatable.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Remove all runs and conversations of a user, also from the database files.

    Runs, reviews and feedback that belong only to these runs are removed too. The log records the
    erasure under a pseudonym. The receipt lists what was not reached: exports, backups, commits,
    and data kept by providers.
    """
    from promptops.runtime.erasure import erase_everywhere

    with open_run_log() as log, open_stores(conversations or []) as stores:
        runs = sum(group.runs for group in log.stats(make_filters(user=user, evals=None)))
        texts = None
        talks = sum(len(store.list(user=user, limit=10**9)) for store in stores.values())
        if not dry_run:
            what = f"{runs} runs" + (f" and {talks} conversations" if talks else "")
            confirm(f"remove {what} of {one_line(user)} permanently?", yes=yes)
            done = erase_everywhere(
                user,
                log,
                stores,
                by=who(),
                reason=reason,
                now=time.time(),
                random=os.urandom,
            )
            runs, texts, talks = done.runs, done.texts, done.conversations
            if receipt is not None:
                Path(receipt).write_text(json.dumps(done.document, indent=2) + "\n", "utf-8")
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.erase/v1", runs=runs, texts=texts, conversations=talks, dry_run=dry_run
            )
        )
        return
    more = f" and {talks} conversations" if talks else ""
    if dry_run:
        emit(f"would remove at least {runs} runs{more} of {one_line(user)}")
        return
    emit(f"removed {runs} runs and {texts} texts{more} of {one_line(user)}")
    if receipt is not None:
        say(f"the receipt is in {receipt}")
