"""`promptops help`: the help of all, or of one verb."""

from __future__ import annotations

from typing import Annotated

import typer


def help(  # noqa: A001 - the verb's name
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[VERB]...", show_default=False)
    ] = None,
) -> None:
    """Show help for promptops, or for a verb."""
    from promptops.cli import app

    code = app([*(words or []), "--help"], prog_name="promptops", standalone_mode=False)
    raise typer.Exit(code or 0)
