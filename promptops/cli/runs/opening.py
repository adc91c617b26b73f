"""Open the run log for a command; options that filter runs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.run_log import find_run_log
from promptops.cli.session import current
from promptops.cli.times import parse_moment
from promptops.errors import GitError, UsageError, quote

if TYPE_CHECKING:
    from promptops.repository.settings.log import LogSettings
    from promptops.runtime.log.log import Filters, RunLog

PromptArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME[@VERSION|@ENV]]",
        help="Only runs of this prompt; * matches anything.",
        show_default=False,
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="Only runs started after TIME: 12h, 30d or a date."
    ),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Only runs started before TIME.")
]
EnvOption = Annotated[
    str | None, typer.Option("--env", metavar="ENV", help="Only this environment.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="Only this model.")
]
UserOption = Annotated[str | None, typer.Option("--user", metavar="USER", help="Only this user.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", metavar="TENANT", help="Only this tenant.")
]
StatusOption = Annotated[
    str | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        help="running, waiting, succeeded, refused, failed or interrupted.",
    ),
]
StageOption = Annotated[
    str | None,
    typer.Option("--stage", metavar="STAGE", help="Only runs that failed in this stage."),
]
EvalsOption = Annotated[
    bool, typer.Option("--evals", help="Only runs of evals, replays and drills.")
]
ParentOption = Annotated[
    str | None, typer.Option("--parent", metavar="RUN", help="Only child runs of this run.")
]


def open_run_log() -> RunLog:
    """Open the current repository's log, or the user's outside of one. Raises NotFoundError or
    LogError.
    """
    from promptops.runtime.log.log import open_log

    settings, place = find_run_log()
    return open_log(
        place, settings, clock=time.time, random=os.urandom, key=os.environ.get, create=False
    )


def log_settings() -> LogSettings:
    """Return the table `[log]`."""
    return find_run_log()[0]


def who() -> str:
    """Return the user's name for records: from Git, else from the system."""
    from promptops.git.history import identity

    try:
        one = identity(current().repository.git)
    except GitError:
        import getpass

        return getpass.getuser()
    return f"{one.name} <{one.email}>"


def make_filters(
    prompt: str | None = None,
    *,
    since: str | None = None,
    until: str | None = None,
    environment: str | None = None,
    model: str | None = None,
    user: str | None = None,
    tenant: str | None = None,
    status: str | None = None,
    stage: str | None = None,
    parent: str | None = None,
    evals: bool | None = False,
) -> Filters:
    """Return the filters for options. Raises UsageError for an unknown status or stage.

    Runs of evals, replays and drills are left out unless they are asked for: by `evals`, by their
    environment, or as runs within one.
    """
    from promptops.runtime.log.log import Filters
    from promptops.runtime.log.record import STAGES, STATUSES

    now = time.time()
    _check_word("--status", status, STATUSES)
    _check_word("--stage", stage, STAGES)
    name, _, selector = (prompt or "").partition("@")
    version = None
    if selector[:1].isdigit():
        version = selector
    elif selector:
        if environment is not None and environment != selector:
            raise UsageError(
                f"'@{selector}' and --env {environment} cannot be combined",
                hint="give one or the other",
            )
        environment = selector
    return Filters(
        since=None if since is None else parse_moment(since, now),
        until=None if until is None else parse_moment(until, now),
        prompt=name or None,
        version=version,
        model=model,
        environment=environment,
        user=user,
        tenant=tenant,
        status=status,
        stage=stage,
        parent_id=parent,
        evals=None if not evals and (environment or parent) else evals,
    )


def _check_word(option: str, word: str | None, known: tuple[str, ...]) -> None:
    if word is not None and word not in known:
        from promptops.suggestion import nearest

        near = nearest(word, known)
        raise UsageError(
            f"{option} {quote(word)} is unknown",
            hint=f"did you mean '{near}'?" if near else f"one of: {', '.join(known)}",
        )
