"""`promptops conversations erase`: remove the content of conversations."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from promptops.cli.conversations.opening import StoreOption, find_one, open_store
from promptops.cli.runs.opening import who
from promptops.cli.session import DryRunOption, YesOption, confirm, emit, one_line
from promptops.errors import count_of


def erase(
    conversations: Annotated[list[str], typer.Argument(metavar="ID...", show_default=False)],
    store: StoreOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Remove what was said in some conversations. That they were there stays, with who erased them.

    All that a user said, here and in the run log: promptops runs erase --user.
    """
    names = list(dict.fromkeys(conversations))
    with open_store(store) as opened:
        for name in names:  # check all ids before erasing
            find_one(opened, name)
        count = count_of(len(names), "conversation")
        if dry_run:
            emit(f"would remove the content of {count}")
            return
        shown = ", ".join(map(one_line, names[:3])) + (", ..." if len(names) > 3 else "")
        confirm(f"permanently remove the content of {shown}?", yes=yes)
        by, now = who(), time.time()
        for name in names:
            opened.erase(name, by=by, now=now)
    emit(f"removed the content of {count}")
