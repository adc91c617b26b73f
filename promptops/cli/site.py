"""`promptops site`: the registry as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.session import clean, current, say, warn
from promptops.errors import NotFoundError, PromptopsError, UsageError, count_of
from promptops.repository.repository import open_repository
from promptops.site.facts import SiteExtras

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.repository.repository import Repository
    from promptops.site.preview.building import SiteBuilder
    from promptops.site.results import GivenEval
    from promptops.site.runs import SiteRuns
    from promptops.site.writing import WrittenSite


def site(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="The folder to write.", show_default=False
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            "--title", metavar="TEXT", help="The site's title.", show_default="the repository's"
        ),
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(
            "--log",
            metavar="URL",
            help="Show statistics of the runs in this log: a file or postgresql://...",
            show_default="the configured log, if there is one",
        ),
    ] = None,
    no_log: Annotated[
        bool, typer.Option("--no-log", help="Leave out the statistics of runs.")
    ] = False,
    evals: Annotated[
        list[Path] | None,
        typer.Option(
            "--evals",
            metavar="PATH",
            help=(
                "A file written by `eval run --output`, or a folder of them; repeatable, "
                "newest last."
            ),
            show_default=False,
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Write pages again when files, refs or runs change.")
    ] = False,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve", help="Serve it on this machine only, with a form to render prompts."
        ),
    ] = False,
    port: Annotated[
        int,
        typer.Option(
            "--port",
            metavar="PORT",
            min=0,
            max=65535,
            help="With --serve: the port; 0 picks a free one.",
        ),
    ] = 8070,
    allow_run: Annotated[
        bool, typer.Option("--allow-run", help="With --serve: let the form run prompts.")
    ] = False,
) -> None:
    """Generate a static site of the registry: what is live, since when, by whom and why.

    The site needs no server and no network. Only changed pages are written. Files of an earlier
    site that are no longer needed are removed.
    """
    if log is not None and no_log:
        raise UsageError("--log and --no-log cannot be combined", hint="give one or the other")
    if serve is (output is not None):
        raise UsageError(
            "--output and --serve cannot be combined" if serve else "no output folder given",
            hint="give --output FOLDER, or --serve",
        )
    if allow_run and not serve:
        raise UsageError("--allow-run needs --serve", hint="add --serve")
    if serve:
        from promptops.cli.serve.opening import check_installed

        check_installed("serve", ("starlette", "uvicorn", "httptools"))
    from promptops.site.preview.building import SiteBuilder

    session = current()
    top = session.repository.require_work_tree()
    paths = [session.directory / one for one in evals or ()]
    if log is not None and ":" not in log:
        log = str(session.directory / log)
    builder = SiteBuilder(
        open_repository=lambda: open_repository(session.directory, is_named=session.is_named),
        folder=(session.directory / output)
        if output
        else session.repository.git.git_dir / "promptops-site",
        title=title or f"Prompts of {top.name}",
        read_extras=lambda repository: SiteExtras(
            None if no_log else _read_runs(repository, log), _read_results(paths), log, serve
        ),
        watched=tuple(paths),
        report=_say_what_was_written,
    )
    if serve:
        _serve(builder, port, watches=watch, may_run=allow_run)
        return
    builder.build()
    say(f"open {clean(str(builder.folder / 'index.html'))}")
    if watch:
        say("watching for changes; Ctrl-C ends it")
        builder.follow()


def _serve(builder: SiteBuilder, port: int, *, watches: bool, may_run: bool) -> None:
    """Build the site, then serve it until interrupted."""
    import secrets
    import threading
    from contextlib import ExitStack

    from promptops.cli.serve.opening import format_address, open_listener
    from promptops.repository.locking import FileLock
    from promptops.runtime.registry import open_registry
    from promptops.site.preview.access import LOOPBACK, SiteAccess
    from promptops.site.preview.serving import SitePreview, listen

    session = current()
    with ExitStack() as stack:
        try:
            lock = FileLock(builder.folder.with_suffix(".lock"))
            stack.enter_context(lock.held(waits=False))
        except BlockingIOError:
            raise UsageError(
                "the site of this repository is already served", hint="open that one, or stop it"
            ) from None
        listener = stack.enter_context(open_listener("127.0.0.1", port))
        registry = None
        if may_run:
            place = session.directory if session.is_named else None
            registry = stack.enter_context(open_registry(place))
        builder.build()
        token = secrets.token_urlsafe(32)
        number = listener.getsockname()[1]
        preview = SitePreview(builder, SiteAccess(LOOPBACK, number, token), registry, watches)
        address = format_address(listener)
        say(f"open {address}/?token={token}")
        following = ", following changes," if watches else ""
        say(f"Ctrl-C ends it; serving {clean(builder.title)}{following} at {address}")
        if watches:
            thread = threading.Thread(target=builder.follow, name="site", daemon=True)
            thread.start()
            stack.callback(builder.stop)
        listen(preview, listener)


def _read_results(paths: Sequence[Path]) -> tuple[GivenEval, ...]:
    if not paths:
        return ()
    from promptops.site.results import read_results

    return read_results(paths)


def _say_what_was_written(result: WrittenSite, seconds: float) -> None:
    prompts = count_of(result.prompts, "prompt")
    files = count_of(result.written, "file")
    gone = f", {result.removed:,} removed" if result.removed else ""
    say(f"{prompts}: {files} written{gone} in {seconds:.1f} s")


def _read_runs(repository: Repository, url: str | None) -> SiteRuns | None:
    """Return the statistics of a run log; None without a log."""
    import os
    import time

    from promptops.runtime.log.log import open_log
    from promptops.runtime.stores.log_place import find_log
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
        warn(f"the log of runs is left out: {error.message}", "use --no-log to leave it out")
    return None
