"""`promptops history`: list deployments: who, what, when and why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.deployment import warn_of_pending
from promptops.cli.session import (
    Format,
    FormatOption,
    OfflineOption,
    current,
    emit,
    emit_json,
    emit_table,
    json_document,
    paint,
    say,
)
from promptops.cli.times import parse_moment, show_time
from promptops.errors import NotFoundError
from promptops.prompt.times import format_time
from promptops.runtime.documents import describe_deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.environments import Deployment
    from promptops.repository.repository import Repository


def history(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", show_default=False)] = None,
    environment: Annotated[
        str, typer.Option("--env", metavar="ENV", help="The environment; by default all.")
    ] = "",
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only deployments since TIME, such as 1h."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Show what was live at TIME: 2026-05-04T13:00, '1 hour ago'.",
        ),
    ] = None,
    patch: Annotated[
        bool, typer.Option("-p", "--patch", help="Also show the changed text.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option("-n", "--limit", metavar="N", min=1, help="Show only the newest N."),
    ] = None,
    offline: OfflineOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show deployments, newest first: who, when, what and why.

    Fetches first, for at most 2 seconds.
    """
    from promptops.cli.freshness import refresh_and_tell
    from promptops.delivery.history import list_recent

    repository = current().repository
    environments = _choose(repository, environment, name)
    freshness = refresh_and_tell(repository, offline=offline)
    if at is not None:
        place = environment or repository.config.default_environment
        _show_state(repository, place, name, at, output)
        return
    oldest = None if since is None else parse_moment(since, time.time())
    deployments = list_recent(
        repository,
        environments,
        name=name,
        limit=limit,
        oldest=oldest,
        is_current=freshness.is_current,
    )
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.history/v2",
                environment=environment or None,
                deployments=[describe_deployment(deployment) for deployment in deployments],
            )
        )
    else:
        # Emitted as one text, so that a long one goes to a pager.
        shown = [line for one in deployments for line in _describe(one, name, patch=patch)]
        if shown:
            emit("\n".join(shown))
        else:
            say(_describe_nothing(name, environment, since))
    for place in environments:
        warn_of_pending(place)


def _choose(repository: Repository, environment: str, name: str | None) -> list[str]:
    """Return the environments to show. Raises NotFoundError for a prompt that was never live."""
    from promptops.prompt.reference import check_name

    if name is not None:
        check_name(name)
    if environment:
        return [repository.config.environment(environment).name]
    return list(repository.config.environment_names)


def _describe_nothing(name: str | None, environment: str, since: str | None) -> str:
    where = f" in {environment}" if environment else ""
    if since is not None:
        return f"nothing was deployed{where} since {since}"
    return f"{name} was never live{where or ' anywhere'}"


def _describe(deployment: Deployment, name: str | None, *, patch: bool) -> Iterator[str]:
    """Return the lines on one deployment."""
    number = paint(f"{deployment.environment} {deployment.number}", "yellow")
    head = f"{show_time(deployment.author.time_seconds)}  {number}  {deployment.action}"
    yield f"{head}  by {deployment.author.name}"
    shown = [change for change in deployment.changes if name is None or change.name == name]
    for change in shown:
        yield f"    {change}"
    if deployment.reason:
        yield f"    {paint(deployment.reason, dim=True)}"
    if patch:
        from promptops.cli.diff import describe_change

        for change in shown:
            for line in describe_change(current().repository, change):
                yield f"  {line}".rstrip()


def _show_state(
    repository: Repository, environment: str, name: str | None, at: str, output: Format
) -> None:
    """Show what was live at a time."""
    from promptops.delivery.environments import describe_entry, list_deployments
    from promptops.delivery.history import find_past_state

    seconds = int(parse_moment(at, time.time()))
    deployments = list_deployments(repository, environment)
    past = find_past_state(repository, deployments, seconds)
    if past is None:
        raise NotFoundError(
            f"{environment} had no deployment at {show_time(seconds)}",
            hint=f"the first was made at {show_time(deployments[-1].author.time_seconds)}",
        )
    shown = [one for one in past.prompts if name is None or one.name == name]
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.history/v2",
                environment=environment,
                at=format_time(seconds),
                deployment=describe_deployment(past.deployment),
                live=[
                    {
                        "prompt": one.name,
                        "live": [
                            {
                                "version": str(live.version),
                                "share": live.share,
                                "digest": live.digest,
                            }
                            for live in one.entry.live
                        ],
                        "paused": one.entry.paused,
                        "deployment": describe_deployment(one.since),
                    }
                    for one in shown
                ],
            )
        )
        return
    say(f"{environment} at {show_time(seconds)}, deployment {past.deployment.number}:")
    emit_table(
        [
            (
                one.name,
                describe_entry(one.entry),
                f"deployment {one.since.number}",
                one.since.author.name,
                one.since.reason,
            )
            for one in shown
        ],
        header=("PROMPT", "LIVE", "SINCE", "BY", "WHY"),
    )
    if not shown:
        say(f"{name or 'nothing'} was not live" if name else "nothing was live")
