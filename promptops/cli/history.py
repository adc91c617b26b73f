"""`promptops history`: who put what live, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.deployment import EnvironmentOption, warn_of_pending
from promptops.cli.session import (
    Format,
    FormatOption,
    current,
    emit,
    emit_json,
    emit_table,
    json_document,
    paint,
    say,
)
from promptops.cli.times import parse_time
from promptops.errors import NotFoundError
from promptops.prompt.times import format_time

if TYPE_CHECKING:
    from promptops.delivery.environments import Deployment
    from promptops.repository.repository import Repository


def history(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", show_default=False)] = None,
    environment: EnvironmentOption = "",
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="Show what was live then, such as 2026-05-04T13:00."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", metavar="N", min=1, help="Only the newest N.")
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show the deployments of an environment, newest first: who, when, what, why."""
    from promptops.delivery.environments import list_deployments
    from promptops.prompt.reference import check_name

    repository = current().repository
    environment = environment or repository.config.default_environment
    if name is not None:
        check_name(name)
    if at is not None:
        _show_state(repository, environment, name, at, output)
        return
    deployments = list_deployments(repository, environment, name=name, limit=limit)
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.history/v1",
                environment=environment,
                deployments=[deployment_to_json(deployment) for deployment in deployments],
            )
        )
    else:
        for deployment in deployments:
            _print_deployment(deployment, name)
        if not deployments:
            say(f"{name} was never live in {environment}")
    warn_of_pending(environment)


def _print_deployment(deployment: Deployment, name: str | None) -> None:
    number = paint(f"{deployment.number:>4}", "yellow")
    head = f"{number}  {format_time(deployment.author.time_seconds)}  {deployment.action}"
    emit(f"{head}  by {deployment.author.name}")
    shown = [change for change in deployment.changes if name is None or change.name == name]
    for change in shown:
        emit(f"      {change}")
    if deployment.reason:
        emit(f"      {paint(deployment.reason, dim=True)}")


def deployment_to_json(deployment: Deployment) -> dict[str, Any]:
    """A deployment as JSON values."""
    return {
        "number": deployment.number,
        "commit": deployment.commit,
        "action": deployment.action,
        "time": format_time(deployment.author.time_seconds),
        "by": {"name": deployment.author.name, "email": deployment.author.email},
        "reason": deployment.reason,
        "changes": [
            {"prompt": change.name, "from": change.before, "to": change.after}
            for change in deployment.changes
        ],
    }


def _show_state(
    repository: Repository, environment: str, name: str | None, at: str, output: Format
) -> None:
    """What was live at a time: the newest deployment, in graph order, that was made by then."""
    from promptops.delivery.environments import list_deployments, read_state

    seconds = parse_time(at)
    deployments = list_deployments(repository, environment)
    then = next((one for one in deployments if one.author.time_seconds <= seconds), None)
    if then is None:
        raise NotFoundError(
            f"{environment} had no deployment at {format_time(seconds)}",
            hint=f"the first was made at {format_time(deployments[-1].author.time_seconds)}",
        )
    entries = read_state(repository, then.commit).entries
    shown = {key: entries[key] for key in sorted(entries) if name is None or key == name}
    origin = {key: _put_live_by(deployments, then, key) for key in shown}
    if output is Format.JSON:
        emit_json(
            json_document(
                "promptops.history/v1",
                environment=environment,
                at=format_time(seconds),
                deployment=deployment_to_json(then),
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
                        "deployment": deployment_to_json(origin[key]),
                    }
                    for key, entry in shown.items()
                ],
            )
        )
        return
    say(f"{environment} at {format_time(seconds)}, deployment {then.number}:")
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
    """The deployment that last changed `name`, up to `then`."""
    for deployment in deployments:
        if deployment.number <= then.number and any(c.name == name for c in deployment.changes):
            return deployment
    return then
