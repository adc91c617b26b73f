"""`promptops incident`: one page on what changed lately, for the engineer on call."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.deployment import EnvironmentOption
from promptops.cli.observations import as_markdown, list_observations
from promptops.cli.session import OfflineOption, current, emit
from promptops.cli.times import describe_freshness, parse_moment, show_time
from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.environments import Deployment, Head
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
    from promptops.delivery.history import list_recent
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
        why = "" if paused is None else as_markdown(paused)
        yield f"| {name} | {entries[name].describe()} | {why} |"
    yield ""


def _describe_changes(repository: Repository, deployments: list[Deployment]) -> Iterator[str]:
    from promptops.cli.diff import describe_change
    from promptops.prompt.diff.markdown import fence

    yield from ("## What changed, newest first", "")
    for one in deployments:
        when = show_time(one.author.time_seconds)
        author = f"{as_markdown(one.author.name)} <{as_markdown(one.author.email)}>"
        yield f"### Deployment {one.number}: {one.action} at {when}"
        yield ""
        yield f"By {author}. {as_markdown(one.reason) or 'No reason was given.'}"
        yield ""
        for change in one.changes:
            yield f"* {change}"
        yield ""
        text = [line for change in one.changes for line in describe_change(repository, change)]
        if text:
            yield from (fence("\n".join(line.removeprefix("  ") for line in text), "diff"), "")


def _describe_undoing(
    repository: Repository, environment: str, deployments: list[Deployment]
) -> Iterator[str]:
    from promptops.delivery.environments import read_head

    head = read_head(repository, environment)
    if head is None:
        return
    names = sorted({change.name for one in deployments for change in one.changes})
    before = deployments[-1].number - 1
    live = {name: head.state.entries[name] for name in names if name in head.state.entries}
    yield from ("## How to undo it", "", "```sh")
    for name in names:
        if _can_roll_back(repository, head, name):
            yield f"promptops rollback {name} --env {environment} --reason TEXT"
        elif name in live:
            yield f"promptops retire {name} --env {environment} --reason TEXT"
    if before:
        yield f"promptops rollback --env {environment} --to-deployment {before} --reason TEXT"
    paused = [name for name, entry in live.items() if entry.paused is not None]
    going = [name for name in live if name not in paused]
    yield from (f"promptops pause {name} --env {environment} --reason TEXT" for name in going)
    yield from (f"promptops resume {name} --env {environment}" for name in paused)
    yield from ("```", "")
    if before:
        yield f"`--to-deployment {before}` restores everything as it was before this time."


def _can_roll_back(repository: Repository, head: Head, name: str) -> bool:
    """Return whether a prompt has an earlier version that a rollback may restore."""
    from promptops.delivery.actions import rollback_action

    try:
        rollback_action(repository, head.environment, [name]).apply(head.state, head)
    except PromptopsError:
        return False
    return True
