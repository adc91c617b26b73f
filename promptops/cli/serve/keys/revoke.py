"""`promptops serve keys revoke`: refuse a key from now on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.serve.opening import KeysOption, open_keyfile
from promptops.cli.session import DryRunOption, emit, one_line

if TYPE_CHECKING:
    from promptops.server.keys import ServiceKeys


def revoke(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Its id, or its name.", show_default=False)
    ],
    keys: KeysOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Refuse a key from now on, in running services too; streams with it end."""
    keyfile = open_keyfile(keys)
    now = int(time.time())
    found = keyfile.keys.revoke(key, now)[1]
    if not dry_run:

        def change(known: ServiceKeys) -> ServiceKeys:
            return known.revoke(found.id, now)[0]

        keyfile.change(change)
    emit(f"{'would revoke' if dry_run else 'revoked'} {found.id} of {one_line(found.name)}")
