"""`promptops guards show`: show how much of each limit is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.guards.opening import TenantOption, UserOption, name_owner, open_guards
from promptops.cli.runs.view import format_second
from promptops.cli.session import (
    Format,
    FormatOption,
    emit,
    emit_json,
    emit_table,
    json_document,
    one_line,
    say,
)
from promptops.runtime.log.documents import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.cli.guards.opening import Opened
    from promptops.runtime.guards.guard import GuardStanding
    from promptops.runtime.ledger import Reset


def show(
    user: UserOption = None,
    tenant: TenantOption = None,
    resets: Annotated[
        bool, typer.Option("--resets", help="Show past resets: who, what and why.")
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show what is spent of each limit, and when it becomes free.

    HELD is the part of SPENT that is reserved for running requests.
    """
    from promptops.runtime.guards.windows import Scope

    users, tenants = user or [], tenant or []
    scopes = [
        *(Scope(None, "", user=name) for name in users),
        *(Scope(None, "", tenant=name) for name in tenants),
    ]
    opened = open_guards(create=False)
    try:
        standings = opened.guards.standings(scopes)
        done = opened.guards.ledger.resets() if resets or output is Format.JSON else ()
    finally:
        opened.guards.close()
    named = [one._replace(who=name_owner(one.who, users, tenants)) for one in standings]
    if output is Format.JSON:
        _print_json(opened, named, done)
    elif resets:
        _print_resets(done)
    else:
        _print_standings(opened, named)


def _print_standings(opened: Opened, standings: Sequence[GuardStanding]) -> None:
    from promptops.runtime.guards.refusal import describe_amount

    rows: list[tuple[str, ...]] = [
        (
            one_line(one.guard.removeprefix("guards.")),
            one_line(one.who),
            describe_amount(one.spent, one.unit),
            describe_amount(one.held, one.unit) if one.held else "-",
            describe_amount(one.limit, one.unit),
            format_second(one.frees_at_seconds),
        )
        for one in standings
    ]
    emit_table(rows, header=("LIMIT", "OF", "SPENT", "HELD", "MOST", "FREES"))
    settings = opened.settings
    say(
        f"counted in {opened.shown}; runs may be nested {settings.depth} deep, and one"
        f" caller may repeat a request {settings.identical_per_minute} times a minute"
    )


def _print_resets(resets: Sequence[Reset]) -> None:
    if not resets:
        say("there are no resets")
    for one in resets:
        emit(f"{format_second(one.at)} {one_line(one.by)}: {one_line(one.reason)}")


def _print_json(
    opened: Opened, standings: Sequence[GuardStanding], resets: Sequence[Reset]
) -> None:
    emit_json(
        json_document(
            "promptops.guards/v1",
            ledger=opened.place,
            depth=opened.settings.depth,
            identical_per_minute=opened.settings.identical_per_minute,
            limits=[
                {
                    "guard": one.guard,
                    "of": one.who,
                    "unit": one.unit,
                    "limit": one.limit,
                    "spent": one.spent,
                    "held": one.held,
                    "frees_at": format_instant(one.frees_at_seconds),
                }
                for one in standings
            ],
            resets=[
                {
                    "at": format_instant(one.at),
                    "by": one.by,
                    "reason": one.reason,
                    "windows": dict(one.windows),
                }
                for one in resets
            ],
        )
    )
