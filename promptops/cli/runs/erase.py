"""`promptops runs erase`: remove everything of one user."""

from __future__ import annotations

from typing import Annotated

import typer

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
)


def erase(
    user: Annotated[str, typer.Option("--user", metavar="USER", help="Whose runs.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")],
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Remove all runs of a user, and what only they said, also from the files of the database.

    Runs that were started within them for nobody else go, too. That it was done stays in the log,
    with a mark instead of the user. Exports and backups are not reached.
    """
    with open_run_log() as log:
        runs = sum(group.runs for group in log.stats(make_filters(user=user)))
        texts = None
        if not dry_run:
            confirm(f"remove {runs} runs of {one_line(user)} for good?", yes=yes)
            done = log.erase(user, by=who(), reason=reason)
            runs, texts = done.runs, done.texts
    if output is Format.JSON:
        emit_json(json_document("promptops.erase/v1", runs=runs, texts=texts, dry_run=dry_run))
    elif dry_run:
        emit(f"would remove at least {runs} runs of {one_line(user)}")
    else:
        emit(f"removed {runs} runs and {texts} texts of {one_line(user)}")
