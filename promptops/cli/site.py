"""`promptops site`: the registry as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from promptops.cli.session import clean, current, say


def site(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where to write it.", show_default=False
        ),
    ],
    title: Annotated[
        str | None,
        typer.Option(
            "--title", metavar="TEXT", help="The site's name.", show_default="the repository's"
        ),
    ] = None,
) -> None:
    """Write the registry as a static site: what is live, since when, by whom and why.

    The site needs no server and no network. A page is written again only when what it shows has
    changed. Files of an earlier site that are no longer part of it are removed.
    """
    from promptops.site.writing import write_site

    session = current()
    repository = session.repository
    top = repository.require_work_tree()
    folder = session.directory / output
    result = write_site(repository, folder, title=title or f"Prompts of {top.name}")
    prompts = "1 prompt" if result.prompts == 1 else f"{result.prompts:,} prompts"
    files = "1 file" if result.written == 1 else f"{result.written:,} files"
    gone = f", {result.removed:,} removed" if result.removed else ""
    say(f"{prompts}: {files} written{gone}; open {clean(str(folder / 'index.html'))}")
