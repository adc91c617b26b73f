"""`promptops site`: the registry as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import clean, current, say, warn
from promptops.errors import NotFoundError, PromptopsError, UsageError

if TYPE_CHECKING:
    from promptops.repository.repository import Repository
    from promptops.site.runs import SiteRuns


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
    log: Annotated[
        str | None,
        typer.Option(
            "--log",
            metavar="URL",
            help="Statistics of the runs in this log: a file, or postgresql://...",
            show_default="the configured log, if there is one",
        ),
    ] = None,
    no_log: Annotated[bool, typer.Option("--no-log", help="Leave statistics of runs out.")] = False,
    evals: Annotated[
        list[Path] | None,
        typer.Option(
            "--evals",
            metavar="PATH",
            help="What eval run --output wrote, or a folder of it; may be repeated, newest last.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the registry as a static site: what is live, since when, by whom and why.

    The site needs no server and no network. A page is written again only when what it shows has
    changed. Files of an earlier site that are no longer part of it are removed.
    """
    from promptops.site.facts import SiteExtras
    from promptops.site.results import read_results
    from promptops.site.writing import write_site

    if log is not None and no_log:
        raise UsageError("--log and --no-log together", hint="give one of the two")
    session = current()
    repository = session.repository
    top = repository.require_work_tree()
    folder = session.directory / output
    runs = None if no_log else _read_runs(repository, log)
    results = read_results(session.directory / one for one in evals or ())
    extras = SiteExtras(runs, results, log)
    result = write_site(repository, folder, title=title or f"Prompts of {top.name}", extras=extras)
    prompts = "1 prompt" if result.prompts == 1 else f"{result.prompts:,} prompts"
    files = "1 file" if result.written == 1 else f"{result.written:,} files"
    gone = f", {result.removed:,} removed" if result.removed else ""
    say(f"{prompts}: {files} written{gone}; open {clean(str(folder / 'index.html'))}")


def _read_runs(repository: Repository, url: str | None) -> SiteRuns | None:
    """Return the statistics of a log; None: there is no log."""
    import os
    import time

    from promptops.runtime.log.log import open_log
    from promptops.runtime.log.place import find_log
    from promptops.site.runs import read_runs

    settings = repository.config.log
    git = repository.git
    place = url or find_log(settings, os.environ, common_dir=git.common_dir, top=git.work_tree)
    key = os.environ.get
    try:
        with open_log(
            place, settings, clock=time.time, random=os.urandom, key=key, create=False
        ) as opened:
            return read_runs(opened, time.time())
    except NotFoundError:
        if url is not None:
            raise
    except PromptopsError as error:
        if url is not None:
            raise
        warn(f"the log of runs is left out: {error.message}", "--no-log does not ask for it")
    return None
