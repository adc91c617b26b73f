"""`promptops incident`: one page on what changed lately, for the engineer on call."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.deployment import EnvironmentOption
from promptops.cli.observations import list_observations
from promptops.cli.session import OfflineOption, current, emit, one_line
from promptops.cli.times import describe_freshness, parse_moment, show_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.environments import Deployment
    from promptops.repository.repository import Repository


def incident(
    environment: EnvironmentOption = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Start of the report, such as 2h.")
    ] = "2h",
    offline: OfflineOption = False,
) -> None:
    """Write an incident report in Markdown: what is live, what was noticed and changed, who changed
    it, why, and how to undo it.

    Alerts and runs come from the run log, nightly evals from the branch promptops-evals. Sections
    without content are left out.

    Fetches first, for at most 2 seconds.
    """
    from promptops.cli.history import list_recent
    from promptops.delivery.refresh import read_freshness, refresh

    repository = current().repository
    environment = environment or repository.config.default_environment
    repository.config.environment(environment)
    now = time.time()
    oldest = parse_moment(since, now)
    freshness = read_freshness(repository, now) if offline else refresh(repository, now)
    deployments = list_recent(repository, [environment], oldest=oldest)
    told = describe_freshness(freshness, repository.remote, now)
    lines = [f"# {environment} since {show_time(int(oldest))}", ""]
    lines += [f"As of {show_time(int(now))}{f' ({told})' if told else ''}.", ""]
    lines += _describe_live(repository, environment)
    lines += list_observations(repository, environment, oldest, now)
    if deployments:
        lines += _describe_changes(repository, deployments)
        lines += _describe_undoing(repository, environment, deployments)
    else:
        lines += ["Nothing was deployed in this time.", ""]
    emit("\n".join(lines).rstrip())


def _describe_live(repository: Repository, environment: str) -> Iterator[str]:
    from promptops.delivery.environments import read_head

    head = read_head(repository, environment)
    yield from ("## Live now", "", "| Prompt | Version | Paused |", "| --- | --- | --- |")
    entries = head.state.entries if head else {}
    for name in sorted(entries):
        paused = entries[name].paused
        yield f"| {name} | {entries[name].describe()} | {'' if paused is None else _cell(paused)} |"
    yield ""


def _cell(text: object) -> str:
    return one_line(str(text)).replace("|", "\\|")


def _describe_changes(repository: Repository, deployments: list[Deployment]) -> Iterator[str]:
    from promptops.cli.diff import describe_change

    yield from ("## What changed, newest first", "")
    for one in deployments:
        when = show_time(one.author.time_seconds)
        author = f"{one_line(one.author.name)} <{one_line(one.author.email)}>"
        yield f"### Deployment {one.number}: {one.action} at {when}"
        yield ""
        yield f"By {author}. {one_line(one.reason) or 'No reason was given.'}"
        yield ""
        for change in one.changes:
            yield f"* {change}"
        yield ""
        text = [line for change in one.changes for line in describe_change(repository, change)]
        if text:
            fence = "`" * 4
            yield from (f"{fence}diff", *(line.removeprefix("  ") for line in text), fence, "")


def _describe_undoing(
    repository: Repository, environment: str, deployments: list[Deployment]
) -> Iterator[str]:
    from promptops.delivery.environments import read_head

    names = sorted({change.name for one in deployments for change in one.changes})
    before = deployments[-1].number - 1
    head = read_head(repository, environment)
    paused = [
        name
        for name in names
        if head and (entry := head.state.entries.get(name)) and entry.paused is not None
    ]
    yield from ("## How to undo it", "", "```sh")
    for name in names:
        yield f"promptops rollback {name} --env {environment} --reason TEXT"
    if before:
        yield f"promptops rollback --env {environment} --to-deployment {before} --reason TEXT"
    for name in names:
        if name not in paused:
            yield f"promptops pause {name} --env {environment} --reason TEXT"
    for name in paused:
        yield f"promptops resume {name} --env {environment}"
    yield from ("```", "")
    if before:
        yield f"`--to-deployment {before}` restores everything as it was before this time."
