"""Open the guards and the ledger for a command."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer

from promptops.cli.session import near, one_line, runtime_config, runtime_folders

if TYPE_CHECKING:
    from promptops.repository.settings.guards import GuardSettings
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.ledger import Unit

UserOption = Annotated[
    list[str] | None,
    typer.Option("--user", metavar="USER", help="Also show this user's limits; repeatable."),
]
TenantOption = Annotated[
    list[str] | None,
    typer.Option("--tenant", metavar="TENANT", help="Also show this tenant's limits; repeatable."),
]


class Opened(NamedTuple):
    """The guards, and their ledger's address without a password."""

    guards: Guards
    settings: GuardSettings
    place: str

    @property
    def shown(self) -> str:
        """The address for people: a path below the current folder is shown relative to it."""
        return near(self.place)


def open_guards(*, create: bool) -> Opened:
    """Open the guards of the current repository, or the user's outside of one.

    Args:
        create: whether to create a missing ledger.
    """
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.guards.opening import open_ledger
    from promptops.runtime.stores.addresses import describe_place, find_store

    config = runtime_config()
    common, top = runtime_folders()
    settings = config.guards
    url = find_store(settings.place, config.log, os.environ, common_dir=common, top=top)
    guards = Guards(settings, open_ledger(url, create=create), clock=time.time)
    return Opened(guards, settings, describe_place(url))


def name_owner(who: str, users: list[str], tenants: list[str]) -> str:
    """Return a window's owner, with the name of a user or tenant if the caller gave it."""
    from promptops.runtime.guards.windows import hash_name

    names = {f"user/{hash_name(name)}": f"user/{name}" for name in users}
    names.update({f"tenant/{hash_name(name)}": f"tenant/{name}" for name in tenants})
    return names.get(who, who)


def describe_window(
    name: str, amount: int, users: list[str], tenants: list[str]
) -> tuple[str, ...]:
    """Return a window's columns: owner, measure, period and amount."""
    from promptops.runtime.guards.refusal import describe_amount

    if name.count("/") < 3:  # written by another version
        return (one_line(name), "", "", f"{amount:,}")
    what, length, *whose, stamp = name.split("/")
    unit = {"spend": "micros", "tokens": "tokens"}.get(what, "calls")
    owner = name_owner("/".join(whose), users, tenants)
    shown = describe_amount(amount, cast("Unit", unit))
    return (one_line(owner), f"{what} per {length}", one_line(stamp), shown)
