"""`promptops help`: show the help of a verb, or a page of the documentation."""

from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli.session import emit


def help(  # noqa: A001 - the verb's name
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[VERB]...|PAGE", show_default=False)
    ] = None,
) -> None:
    """Show help for promptops, for a verb, or a page of the documentation.

    `promptops help docs` lists the pages; docs/guards.md#limits is one section of one.
    """
    from promptops.cli import app

    if words and words[0].startswith("docs"):
        from promptops.cli.documentation import list_pages, read_page

        emit(read_page(words[0]) if words[0] not in {"docs", "docs/"} else list_pages())
        return
    code = app([*(words or []), "--help"], prog_name="promptops", standalone_mode=False)
    raise typer.Exit(code or 0)
