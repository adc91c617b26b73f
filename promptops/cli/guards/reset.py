"""`promptops guards reset`: reset limits, so that runs are allowed again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.guards.opening import describe_window, open_guards
from promptops.cli.run_log import record_event
from promptops.cli.runs.opening import open_run_log, who
from promptops.cli.session import (
    DryRunOption,
    Format,
    FormatOption,
    YesOption,
    confirm,
    emit,
    emit_json,
    emit_table,
    json_document,
    say,
    warn,
)
from promptops.errors import NotFoundError, PromptopsError, UsageError, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.ledger import Reset, Standing
    from promptops.runtime.log.record import RunRecord

_PAGE = 1_000


def reset(
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            metavar="WHOSE",
            help=(
                "The limit, as in `guards show`: global, environment/NAME or prompts/PATTERN;"
                " by default all."
            ),
            show_default=False,
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Only this user's limits.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="TENANT", help="Only this tenant's limits.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, for the record.")
    ] = "",
    from_log: Annotated[
        bool,
        typer.Option(
            "--from-log",
            help="Restore a ledger that lost its counts from the run log.",
        ),
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Reset what is spent to what running requests hold, so that runs can continue.

    The reason is required. It is recorded with your name in the ledger and in the run log. A Redis
    ledger that is new or has lost its counts starts again: from zero, or with --from-log from the
    run log.
    """
    owner = _find_owner(of, user, tenant)
    if not reason.strip() and not dry_run:
        raise UsageError("a reset needs a reason", hint="pass --reason TEXT")
    if from_log:
        if owner is not None:
            raise UsageError(
                "--from-log resets all windows", hint="remove --of, --user and --tenant"
            )
        _rebuild(reason, dry_run=dry_run, yes=yes, output=output)
        return
    opened = open_guards(create=not dry_run)
    guards = opened.guards
    try:
        found, is_lost = _find_windows(guards, owner, user or tenant)
        count = f"{len(found)} window{'' if len(found) == 1 else 's'}"
        what = "an empty ledger" if is_lost else count
        if dry_run:
            windows = tuple((one.window, one.used) for one in found)
        else:
            confirm(f"reset {what} in {opened.shown}?", yes=yes)
            done = guards.reset(by=who(), reason=reason, who=owner)
            windows = done.windows
            _record(done)
    finally:
        guards.close()
    if output is Format.JSON:
        _print_json(opened.place, windows, is_lost=is_lost, dry_run=dry_run)
        return
    verb = "would reset" if dry_run else "reset"
    emit(f"{verb} {what} in {opened.shown}")
    _print_windows(windows, user, tenant)


def _find_windows(
    guards: Guards, owner: str | None, name: str | None
) -> tuple[list[Standing], bool]:
    """Return the windows to reset; users and tenants are named as the caller named them."""
    try:
        return guards.find_windows(owner)
    except NotFoundError:
        if name is None:
            raise
        raise NotFoundError(
            f"nothing is counted for {quote(name)}",
            hint="run promptops runs stats --by user --by tenant to see users and tenants",
        ) from None


def _rebuild(reason: str, *, dry_run: bool, yes: bool, output: Format) -> None:
    from promptops.runtime.guards.rebuilding import oldest_start, rebuild_windows

    now = time.time()
    runs = list(_read_runs(oldest_start(now)))
    opened = open_guards(create=False)
    try:
        found = rebuild_windows(opened.settings, runs, now)
        windows = tuple((one.window, one.amount) for one in found.charges)
        if not dry_run:
            count = f"{found.runs:,} run{'' if found.runs == 1 else 's'}"
            confirm(f"begin {opened.shown} with what {count} spent?", yes=yes)
            done = opened.guards.rebuild(found.charges, by=who(), reason=reason)
            windows = done.windows
            _record(done)
    finally:
        opened.guards.close()
    if output is Format.JSON:
        _print_json(opened.place, windows, is_lost=True, dry_run=dry_run)
        return
    verb = "would begin" if dry_run else "began"
    emit(f"{verb} {opened.shown} with what the log has: {found.runs:,} runs")
    _print_windows(windows, None, None)
    if found.guessed:
        say(
            f"{found.guessed:,} of them have no cost and count as the most expensive run of "
            "their prompt"
        )


def _read_runs(since: float) -> Iterator[RunRecord]:
    """Read all runs since a time, page by page."""
    from promptops.runtime.log.log import Filters

    before = None
    with open_run_log() as log:
        while page := log.list(Filters(since=since), limit=_PAGE, before=before):
            yield from page
            before = page[-1].id


def _print_windows(
    windows: Iterable[tuple[str, int]], user: str | None, tenant: str | None
) -> None:
    users, tenants = ([one] if one else [] for one in (user, tenant))
    rows = [describe_window(name, used, users, tenants) for name, used in windows]
    if rows:
        emit_table(rows, header=("OF", "LIMIT", "WINDOW", "SPENT"))


def _print_json(
    place: str, windows: Iterable[tuple[str, int]], *, is_lost: bool, dry_run: bool
) -> None:
    emit_json(
        json_document(
            "promptops.guards-reset/v1",
            ledger=place,
            windows=dict(windows),
            begun=is_lost,
            dry_run=dry_run,
        )
    )


def _find_owner(of: str | None, user: str | None, tenant: str | None) -> str | None:
    from promptops.runtime.guards.windows import hash_name

    if sum(one is not None for one in (of, user, tenant)) > 1:
        raise UsageError("whose windows?", hint="give one of --of, --user and --tenant")
    if user is not None:
        return f"user/{hash_name(user)}"
    return of if tenant is None else f"tenant/{hash_name(tenant)}"


def _record(done: Reset) -> None:
    detail = {"by": done.by, "reason": done.reason, "windows": dict(done.windows)}
    try:
        record_event("guards_reset", done.at, detail)
    except PromptopsError as error:
        warn(f"the reset is not in the run log: {error.message}", error.hint)
