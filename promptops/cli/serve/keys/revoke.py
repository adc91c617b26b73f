"""`promptops serve keys revoke`: revoke a key."""

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
        str, typer.Argument(metavar="KEY", help="The key's id or name.", show_default=False)
    ],
    keys: KeysOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Revoke a key immediately, in running services too. Their open streams end."""
    keyfile = open_keyfile(keys)
    now = int(time.time())
    found = keyfile.keys.revoke(key, now)[1]
    if not dry_run:

        def change(known: ServiceKeys) -> ServiceKeys:
            return known.revoke(found.id, now)[0]

        keyfile.change(change)
    emit(f"{'would revoke' if dry_run else 'revoked'} {found.id} of {one_line(found.name)}")
