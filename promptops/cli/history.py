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
from promptops.errors import EnvironmentNotFoundError, NotFoundError
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


def list_recent(
    repository: Repository,
    environments: list[str],
    *,
    name: str | None = None,
    limit: int | None = None,
    oldest: float | None = None,
    is_current: bool = False,
) -> list[Deployment]:
    """Return the deployments of environments in one list, newest first.

    Within an environment the order is that of the deployments, not of their times. Raises
    EnvironmentNotFoundError if no environment has a deployment, and PromptNotFoundError for a
    prompt that was never live.
    """
    from promptops.delivery.environments import first_step, list_deployments, read_head

    found: list[tuple[int, Deployment]] = []
    known = [one for one in environments if read_head(repository, one) is not None]
    if not known:
        is_one = len(environments) == 1
        message = f"{environments[0]} has no deployments" if is_one else "nothing was ever deployed"
        hint = first_step(repository, environments[0], is_current=is_current)
        raise EnvironmentNotFoundError(message, hint=hint)
    # Within one second, the environment that is later in promotion order is newer.
    for environment in reversed(known):
        newest = None
        for deployment in list_deployments(repository, environment, name=name, limit=limit):
            seconds = deployment.author.time_seconds
            newest = seconds if newest is None else min(newest, seconds)
            if oldest is None or seconds >= oldest:
                found.append((newest, deployment))
    if name is not None and not found:
        _require_known(repository, name)
    found.sort(key=lambda pair: -pair[0])
    return [deployment for _, deployment in found][:limit]


def _require_known(repository: Repository, name: str) -> None:
    from promptops.delivery.releases import list_releases
    from promptops.repository.repository import list_names, not_found

    if list_releases(repository, name):
        return
    has_work_tree = repository.git.work_tree is not None
    names = list_names(repository.working if has_work_tree else repository.at("HEAD"))
    if name not in names:
        raise not_found(name, names, "here, and none was ever deployed")


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
    """Show what was live at a time: the state of the last deployment, in graph order, by then."""
    from promptops.delivery.environments import list_deployments, read_state

    seconds = int(parse_moment(at, time.time()))
    deployments = list_deployments(repository, environment)
    then = next((one for one in deployments if one.author.time_seconds <= seconds), None)
    if then is None:
        raise NotFoundError(
            f"{environment} had no deployment at {show_time(seconds)}",
            hint=f"the first was made at {show_time(deployments[-1].author.time_seconds)}",
        )
    entries = read_state(repository, then.commit).entries
    shown = {key: entries[key] for key in sorted(entries) if name is None or key == name}
    origin = {key: _put_live_by(deployments, then, key) for key in shown}
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.history/v2",
                environment=environment,
                at=format_time(seconds),
                deployment=describe_deployment(then),
                live=[
                    {
                        "prompt": key,
                        "live": [
                            {
                                "version": str(live.version),
                                "share": live.share,
                                "digest": live.digest,
                            }
                            for live in entry.live
                        ],
                        "paused": entry.paused,
                        "deployment": describe_deployment(origin[key]),
                    }
                    for key, entry in shown.items()
                ],
            )
        )
        return
    say(f"{environment} at {show_time(seconds)}, deployment {then.number}:")
    emit_table(
        [
            (
                key,
                entry.describe() + (" (paused)" if entry.paused is not None else ""),
                f"deployment {origin[key].number}",
                origin[key].author.name,
                origin[key].reason,
            )
            for key, entry in shown.items()
        ],
        header=("PROMPT", "LIVE", "SINCE", "BY", "WHY"),
    )
    if not shown:
        say(f"{name or 'nothing'} was not live" if name else "nothing was live")


def _put_live_by(deployments: list[Deployment], then: Deployment, name: str) -> Deployment:
    """Return the last deployment up to `then` that changed the prompt `name`."""
    for deployment in deployments:
        if deployment.number <= then.number and any(c.name == name for c in deployment.changes):
            return deployment
    return then
